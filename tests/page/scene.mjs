// A slickqd with queues in a directory of its own, and processes that use them. stop() leaves nothing behind.
import {execFileSync, spawn} from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

const build = process.env.SLICKQ_BUILD_DIR;
const program = (name) => path.join(build, name);
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits as long as it takes; the test's own time limit ends one that waits in vain. */
export async function until(condition) {
  while (!(await condition())) await sleep(50);
}

async function freePort() {
  const server = net.createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const {port} = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export class Scene {
  /** `queues`: as in the configuration; `interval`: between two rounds. */
  static async start(queues, interval) {
    const scene = new Scene();
    scene.shm = fs.mkdtempSync('/dev/shm/slickq-test-page-');
    scene.etc = fs.mkdtempSync(path.join(os.tmpdir(), 'slickq-test-page-'));
    scene.children = new Set();
    const port = await freePort();
    scene.url = `http://127.0.0.1:${port}/`;
    const config = {
      shm_dir: scene.shm, queues, monitor: {interval}, orphans: {match: ['job-*'], grace: '1s', action: 'report'},
      control: {socket: path.join(scene.etc, 'slickqd.sock')}, metrics: {listen: `127.0.0.1:${port}`},
    };
    scene.config = path.join(scene.etc, 'slickqd.json');
    fs.writeFileSync(scene.config, JSON.stringify(config));
    scene.daemon = scene.run('bin/slickqd', '--config', scene.config, '--foreground');
    await until(async () => {
      if (scene.daemon.exitCode !== null) throw new Error(`slickqd ended: ${scene.daemon.said}`);
      return fetch(`${scene.url}healthz`).then((response) => response.ok, () => false);
    });
    return scene;
  }

  environment() {
    return {...process.env, SLICKQ_SHM_DIR: this.shm};
  }

  /** A process that runs until it is ended; what it says is in .said. */
  run(name, ...args) {
    const child = spawn(program(name), args, {env: this.environment(), stdio: ['ignore', 'pipe', 'pipe']});
    child.said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data) => { child.said = (child.said + data).slice(-4000); });
    }
    child.ended = new Promise((resolve) => child.on('exit', resolve));
    this.children.add(child);
    return child;
  }

  /** `slickq ARGUMENTS`, to its end. */
  slickq(...args) {
    return execFileSync(program('bin/slickq'), args, {env: this.environment(), encoding: 'utf8'});
  }

  /** A command line as somebody pastes it; `slickq` is the one that was built. */
  shell(line) {
    const PATH = `${program('bin')}:${process.env.PATH}`;
    return execFileSync('sh', ['-c', line], {env: {...process.env, PATH}, encoding: 'utf8'});
  }

  /** A producer that was killed between reserve and publish. */
  async stall(queue, count) {
    const stuck = this.run('tests/stuck_producer', queue, String(count));
    await until(() => stuck.said.includes('reserved'));
    stuck.kill('SIGKILL');
    await stuck.ended;
    return stuck.pid;
  }

  async stop() {
    for (const child of this.children) {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGCONT');
        child.kill('SIGTERM');
        const patience = setTimeout(() => child.kill('SIGKILL'), 5000);
        await child.ended;
        clearTimeout(patience);
      }
    }
    fs.rmSync(this.shm, {recursive: true, force: true});
    fs.rmSync(this.etc, {recursive: true, force: true});
  }
}
