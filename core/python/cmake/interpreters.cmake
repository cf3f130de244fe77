# Which CPythons are there? Debian's, those of PATH, and pyenv's where it is; or those of SLICKQ_PYTHON_INTERPRETERS.
# One a binary interface (EXT_SUFFIX), from 3.8 on, with its headers.

function(slickq_python_candidates result)
  set(found /usr/bin/python3)
  string(REPLACE ":" ";" directories "$ENV{PATH}")
  foreach(directory IN LISTS directories)
    file(GLOB programs ${directory}/python3 ${directory}/python3.[0-9] ${directory}/python3.[0-9][0-9])
    list(APPEND found ${programs})
  endforeach()
  file(GLOB programs $ENV{PYENV_ROOT}/versions/*/bin/python3)
  list(APPEND found ${programs})
  set(${result} ${found} PARENT_SCOPE)
endfunction()

# Sets PROGRAM, VERSION, SUFFIX and INCLUDE lists, prefixed: entries that belong together have the same number.
function(slickq_find_pythons prefix)
  set(candidates ${SLICKQ_PYTHON_INTERPRETERS})
  if(NOT candidates)
    slickq_python_candidates(candidates)
  endif()
  set(question "import sys, sysconfig
if sys.implementation.name == 'cpython' and sys.version_info >= (3, 8):
  print(sys.executable, '%d.%d.%d' % sys.version_info[:3], sysconfig.get_config_var('EXT_SUFFIX'),
        sysconfig.get_path('include'), sep=';')")
  foreach(candidate IN LISTS candidates)
    # A name of pyenv's may stand for a version that is not chosen: it fails, and the versions come by themselves.
    execute_process(COMMAND ${candidate} -c "${question}" OUTPUT_VARIABLE answer ERROR_QUIET
                    OUTPUT_STRIP_TRAILING_WHITESPACE)
    list(LENGTH answer length)
    if(NOT length EQUAL 4)
      continue()
    endif()
    list(GET answer 0 program)
    list(GET answer 1 version)
    list(GET answer 2 suffix)
    list(GET answer 3 include)
    if(suffix IN_LIST suffixes OR NOT EXISTS ${include}/Python.h)
      continue()
    endif()
    list(APPEND programs ${program})
    list(APPEND versions ${version})
    list(APPEND suffixes ${suffix})
    list(APPEND includes ${include})
  endforeach()
  set(${prefix}_PROGRAM ${programs} PARENT_SCOPE)
  set(${prefix}_VERSION ${versions} PARENT_SCOPE)
  set(${prefix}_SUFFIX ${suffixes} PARENT_SCOPE)
  set(${prefix}_INCLUDE ${includes} PARENT_SCOPE)
endfunction()
