// Making and changing elements. Whatever comes from the daemon becomes text, never markup: names are anybody's.

/** el('button', {class: 'link', type: 'button'}, 'text', child, ...) */
function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const byId = (id) => document.getElementById(id);

// The page may show a thousand queues each second: what did not change is not touched.
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
function setClass(element, names) {
  if (element.className !== names) element.className = names;
}
function setAttribute(element, name, value) {
  if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}
function show(element, visible) {
  if (element.hidden === visible) element.hidden = !visible;
}

/** Makes `parent` hold exactly `children`, in this order, moving as few as possible to where they are not. */
function arrange(parent, children) {
  const wanted = new Set(children);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  const focused = document.activeElement;
  let at = parent.firstElementChild;
  for (const child of children) {
    if (at === child) {
      at = at.nextElementSibling;
    } else {
      // One that moved far down would otherwise make all behind it move up, one by one.
      if (at !== null && at.nextElementSibling === child) {
        const displaced = at;
        at = child.nextElementSibling;
        parent.append(displaced);
      } else {
        parent.insertBefore(child, at);
      }
    }
  }
  if (focused !== document.activeElement && parent.contains(focused)) focused.focus({preventScroll: true});
}

/**
 * Keeps a list of like elements in step with data: `make()` gives {root, update(item)}; the k-th shows the k-th item.
 */
class Repeated {
  constructor(parent, make) {
    this.parent = parent;
    this.make = make;
    this.parts = [];
  }
  update(items) {
    while (this.parts.length > items.length) this.parts.pop().root.remove();
    items.forEach((item, k) => {
      if (k === this.parts.length) {
        this.parts.push(this.make());
        this.parent.append(this.parts[k].root);
      }
      this.parts[k].update(item);
    });
  }
}

/** A small table of text: titles once, then rows of cells, each a string or {text, class}. */
function textTable(caption, titles) {
  const body = el('tbody');
  const root = el('table', {class: 'small', 'aria-label': caption},
    el('thead', {}, el('tr', {}, ...titles.map((title) => el('th', {scope: 'col'}, title)))), body);
  const rows = new Repeated(body, () => {
    const cells = titles.map(() => el('td'));
    return {
      root: el('tr', {}, ...cells),
      update: (values) => values.forEach((value, k) => {
        setText(cells[k], value.text ?? value);
        setClass(cells[k], value.class ?? '');
      }),
    };
  });
  return {root, update: (values) => rows.update(values)};
}
