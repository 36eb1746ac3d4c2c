/**
 * Runs a process of an image as a cluster would under the strictest rules: on the image's own root file system, read-only,
 * without capabilities or a way to gain any, as process 1. With runc, as root. It shares the host's network, so that it
 * reaches the servers of a test.
 */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, open, rm, stat, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { run } from '@berth/cluster/command.ts'
import { atOurEnd } from './guard.ts'
import type { UnpackedImage } from './image.ts'
import { contentOf } from './listing.ts'

export interface ContainerOptions {
  env?: Record<string, string>
  /** Instead of what the image runs. */
  command?: string[]
  /** After what the image runs. */
  args?: string[]
  /** Instead of the image's user. */
  user?: number
  /** Files and folders of the host by their place in the container. */
  mounts?: Record<string, Mount>
}

interface Mount {
  from: string
  writable?: boolean
}

export interface Container {
  /** What it has written so far. */
  output(): string
  /** Its exit code. */
  exited: Promise<number>
  /** Asks it to stop, and answers its exit code. */
  stop(signal?: 'TERM' | 'INT'): Promise<number>
  /** Paths in the image's root file system that are not as they were before it started. */
  changes(): Promise<string[]>
  /** Ends it at once and leaves nothing of it. */
  remove(): Promise<void>
}

/** What every container runtime brings along. */
const HOST_FILES: Record<string, Mount> = {
  '/etc/hosts': { from: '/etc/hosts' },
  '/etc/resolv.conf': { from: '/etc/resolv.conf' },
}

export async function startContainer(image: UnpackedImage, options: ContainerOptions = {}): Promise<Container> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'berth-container-'))
  const mounts = { ...HOST_FILES, ...options.mounts }
  await writeFile(path.join(folder, 'config.json'), JSON.stringify(specification(image, { ...options, mounts })))
  await makePlaces(image.folder, mounts)
  const before = await contentOf(image.folder)
  const state = ['--root', path.join(folder, 'state')]
  const id = `berth-${randomBytes(4).toString('hex')}`
  const child = spawn('runc', [...state, 'run', '--bundle', folder, id], { stdio: ['ignore', 'pipe', 'pipe'] })
  const letGo = atOurEnd(['runc', ...state, 'delete', '--force', id], ['rm', '-rf', folder])
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const exited = once(child, 'close').then(([code]) => code as number)
  return {
    output: () => output,
    exited,
    async stop(signal = 'TERM') {
      await run('runc', [...state, 'kill', id, signal])
      return exited
    },
    async changes() {
      const after = await contentOf(image.folder)
      return Object.keys({ ...before, ...after }).filter((file) => before[file] !== after[file])
    },
    async remove() {
      await run('runc', [...state, 'delete', '--force', id])
      await exited
      letGo()
      await rm(folder, { recursive: true })
    },
  }
}

function specification({ folder, config }: UnpackedImage, options: ContainerOptions): object {
  const { env = {}, command, args = [], user, mounts = {} } = options
  const [uid = 0, gid = 0] = user === undefined ? (config.User ?? '').split(':').map(Number) : [user, user]
  return {
    ociVersion: '1.0.2',
    process: {
      user: { uid, gid },
      args: [...(command ?? [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])]), ...args],
      env: [...(config.Env ?? []), ...Object.entries(env).map(([name, value]) => `${name}=${value}`)],
      cwd: config.WorkingDir || '/',
      capabilities: { bounding: [], effective: [], permitted: [], inheritable: [], ambient: [] },
      noNewPrivileges: true,
    },
    root: { path: folder, readonly: true },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755', 'size=64k'] },
      ...Object.entries(mounts).map(([destination, { from, writable }]) => ({
        destination,
        type: 'bind',
        source: from,
        options: ['rbind', writable ? 'rw' : 'ro'],
      })),
    ],
    linux: { namespaces: ['pid', 'mount', 'ipc', 'uts'].map((type) => ({ type })) },
  }
}

/** The runtime would make what it mounts on, and that would look as if the process had written it. */
async function makePlaces(root: string, mounts: Record<string, Mount>): Promise<void> {
  for (const folder of ['proc', 'dev']) await mkdir(path.join(root, folder), { recursive: true })
  for (const [place, { from }] of Object.entries(mounts)) {
    const at = path.join(root, place)
    const isFolder = (await stat(from)).isDirectory()
    await mkdir(isFolder ? at : path.dirname(at), { recursive: true })
    if (!isFolder) await (await open(at, 'a')).close()
  }
}
