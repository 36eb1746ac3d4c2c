/**
 * Media in a folder: `<root>/<two hex digits>/<two hex digits>/<id>`. A file is written under a temporary name in `.incoming`,
 * synced, then renamed, so a process killed half-way leaves a temporary only, which the sweep removes.
 */
import { randomUUID } from 'node:crypto'
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { type ByteRange, Gauge, type MediaStore, type PutOptions, requireId, type StoredFile } from './store.ts'

const INCOMING = '.incoming'

export class FolderStore implements MediaStore {
  readonly #root: string

  constructor(root: string) {
    this.#root = root
  }

  async put(id: string, bytes: AsyncIterable<Uint8Array>, options: PutOptions): Promise<StoredFile> {
    const target = this.#pathOf(id)
    const temporary = path.join(this.#root, INCOMING, `${id}.${randomUUID()}`)
    await mkdir(path.dirname(temporary), { recursive: true })
    const gauge = new Gauge(options)
    try {
      const file = await open(temporary, 'wx')
      try {
        for await (const chunk of gauge.through(bytes)) await file.writeFile(chunk)
        await file.sync()
      } finally {
        await file.close()
      }
      const stored = gauge.result()
      await mkdir(path.dirname(target), { recursive: true })
      await rename(temporary, target)
      await syncFolder(path.dirname(target))
      return stored
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
  }

  async get(id: string, range?: ByteRange): Promise<Readable | undefined> {
    const file = await ifThere(open(this.#pathOf(id)))
    return file?.createReadStream(range ? { start: range.first, end: range.last } : {})
  }

  async stat(id: string): Promise<{ size: number } | undefined> {
    const found = await ifThere(stat(this.#pathOf(id)))
    return found && { size: found.size }
  }

  async delete(id: string): Promise<void> {
    await rm(this.#pathOf(id), { force: true })
  }

  async sweep(before: Date): Promise<number> {
    const folder = path.join(this.#root, INCOMING)
    let removed = 0
    for (const name of (await ifThere(readdir(folder))) ?? []) {
      const file = path.join(folder, name)
      const found = await ifThere(stat(file)) // written to until it is renamed: its time is that of the last write
      if (!found || found.mtime >= before) continue
      await rm(file, { force: true })
      removed++
    }
    return removed
  }

  /** By the end of the id: the beginning is the time, the same for days. */
  #pathOf(id: string): string {
    requireId(id)
    return path.join(this.#root, id.slice(-2), id.slice(-4, -2), id)
  }
}

/** A rename is durable when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function ifThere<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
