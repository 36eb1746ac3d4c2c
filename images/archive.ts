/** Reads OCI archives, as the engines write them. */
import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { createGunzip } from 'node:zlib'
import { run } from '@berth/cluster/command.ts'

interface Descriptor {
  mediaType: string
  digest: string
  size: number
}

/** What an image says about how it is run. */
export interface ImageConfig {
  User?: string
  Env?: string[]
  Entrypoint?: string[]
  Cmd?: string[]
  WorkingDir?: string
  Labels?: Record<string, string>
}

export interface Archive {
  config: ImageConfig
  layers: Descriptor[]
}

/** Bytes of an image: what a node downloads, and what it takes on the node's disk. */
export async function sizesOf(file: string): Promise<{ bytes: number; unpackedBytes: number }> {
  const { layers } = await readArchive(file)
  const unpacked = await Promise.all(layers.map((layer) => unpackedSize(file, layer)))
  return { bytes: sum(layers.map(({ size }) => size)), unpackedBytes: sum(unpacked) }
}

const sum = (numbers: number[]): number => numbers.reduce((total, each) => total + each, 0)

async function unpackedSize(file: string, layer: Descriptor): Promise<number> {
  if (!layer.mediaType.endsWith('gzip')) return layer.size
  const { stdout } = spawn('tar', ['-xOf', file, blob(layer)], { stdio: ['ignore', 'pipe', 'ignore'] })
  let bytes = 0
  for await (const chunk of stdout.pipe(createGunzip()) as AsyncIterable<Buffer>) bytes += chunk.length
  return bytes
}

export async function readArchive(file: string): Promise<Archive> {
  const index = (await readJson(file, 'index.json')) as { manifests: Descriptor[] }
  const manifest = (await readJson(file, blob(index.manifests[0]!))) as { config: Descriptor; layers: Descriptor[] }
  const { config } = (await readJson(file, blob(manifest.config))) as { config: ImageConfig }
  return { config, layers: manifest.layers }
}

/** Makes a folder of an image's root file system. Our images are made from nothing: no layer removes anything. */
export async function unpack(file: string, folder: string): Promise<void> {
  const { layers } = await readArchive(file)
  const blobs = await mkdtemp(path.join(os.tmpdir(), 'berth-layers-'))
  try {
    await run('tar', ['-xf', file, '-C', blobs, ...layers.map(blob)])
    await mkdir(folder, { recursive: true })
    for (const layer of layers)
      await run('tar', ['-xf', path.join(blobs, blob(layer)), '-C', folder, '--same-owner', '-p'])
  } finally {
    await rm(blobs, { recursive: true })
  }
}

const blob = ({ digest }: Descriptor): string => `blobs/${digest.replace(':', '/')}`

const readJson = async (file: string, name: string): Promise<unknown> =>
  JSON.parse(await run('tar', ['-xOf', file, name]))
