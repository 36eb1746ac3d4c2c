/**
 * Builds with buildah, as root and without an engine, in a storage of our own below the cache folder: nobody else's images are
 * touched. Where no registry of images answers, the base image is made here (base.ts).
 *
 * The network settings of this machine's npm (registry, certificates) are mounted into the builds, and are no part of the
 * images.
 */
import { existsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { run } from '@berth/cluster/command.ts'
import { makeBase } from './base.ts'
import type { Engine } from './engine.ts'
import { storageFolder } from './folders.ts'
import { type ImageBuild, optionsOf } from './image-build.ts'
import { requirePrograms } from './programs.ts'

const PROGRAMS = { buildah: 'buildah', debootstrap: 'debootstrap', tar: 'tar' }
/** The stage with the installed packages; tagged, so that it outlives the clearing. */
const PACKAGES_STAGE = 'packages'
/** Where the Node of the base image has npm's global settings. */
const NPM_SETTINGS = '/usr/local/etc/npmrc'

export class Buildah implements Engine {
  readonly name = 'buildah'
  #hasPackages = false

  async open(onProgress: (line: string) => void): Promise<void> {
    await requirePrograms(PROGRAMS, 'Building images without Docker', onProgress)
    await this.#clear()
    await makeBase((args) => this.#buildah(args), onProgress)
  }

  async build(build: ImageBuild): Promise<void> {
    if (build.target && !this.#hasPackages) {
      await this.#bud({ ...build, target: PACKAGES_STAGE }, `localhost/berth-build/${PACKAGES_STAGE}`)
      this.#hasPackages = true
    }
    const image = `localhost/berth-build/${build.target ?? path.basename(path.dirname(build.dockerfile))}`
    await this.#bud(build, image)
    await rm(build.archive, { force: true })
    await this.#buildah(['push', '--quiet', image, `oci-archive:${build.archive}:${build.reference}`])
  }

  close(): Promise<void> {
    return this.#clear()
  }

  async #bud(build: ImageBuild, image: string): Promise<void> {
    await this.#buildah([
      ...['bud', '--quiet', '--layers', '--pull=never', '--isolation', 'chroot', '--tag', image],
      ...optionsOf(build),
      ...(await networkOfNpm()),
      build.context,
    ])
  }

  /** Containers of builds that were killed, and layers that no image needs any more. */
  async #clear(): Promise<void> {
    await this.#buildah(['rm', '--all'])
    await this.#buildah(['rmi', '--prune'])
  }

  #buildah(args: string[]): Promise<string> {
    const storage = storageFolder()
    return run('buildah', [
      ...['--root', path.join(storage, 'root'), '--runroot', path.join(storage, 'run'), '--storage-driver', 'overlay'],
      ...args,
    ])
  }
}

/** Options that give npm in a build the registry and the certificates of this machine. */
async function networkOfNpm(): Promise<string[]> {
  const certificates = [process.env.NODE_EXTRA_CA_CERTS, '/etc/ssl/certs/ca-certificates.crt']
  const cafile = certificates.find((file) => file && existsSync(file))
  const registry = (await run('npm', ['config', 'get', 'registry', '--workspaces=false'])).trim()
  const settings = path.join(storageFolder(), 'npmrc')
  // A registry that does not answer is said within a minute, not after ten.
  const patience = [
    'fetch-retries=1',
    'fetch-timeout=30000',
    'fetch-retry-mintimeout=1000',
    'fetch-retry-maxtimeout=5000',
  ]
  const lines = [`registry=${registry}`, ...patience]
  await writeFile(settings, [...lines, ...(cafile ? [`cafile=${cafile}`] : [])].join('\n'))
  const mounts = [`${settings}:${NPM_SETTINGS}:ro`, ...(cafile ? [`${cafile}:${cafile}:ro`] : [])]
  return mounts.flatMap((mount) => ['--volume', mount])
}
