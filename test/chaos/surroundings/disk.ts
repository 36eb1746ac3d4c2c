/** A small disk in memory that a harness can fill. Mounting it needs root on Linux. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmdirSync, rmSync, statfsSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Room for an empty cluster of Postgres, a gigabyte of its log, and what a few hundred rounds write. */
const SIZE = '3g'
const FILLER = 'filler'
const CHUNK = Buffer.alloc(1 << 20)

/** Why no disk can be mounted here. */
export function diskMissing(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'a disk can be mounted on Linux and as root only'
  const folder = mkdtempSync(join(tmpdir(), 'berth-disk-'))
  const failure = mount(folder)
  if (!failure) spawnSync('umount', [folder])
  rmdirSync(folder)
  return failure
}

export class SmallDisk {
  readonly #folder: string
  #isMounted = true

  private constructor(folder: string) {
    this.#folder = folder
  }

  static async mount(folder: string): Promise<SmallDisk> {
    mkdirSync(folder, { recursive: true })
    const failure = mount(folder)
    if (failure) throw new Error(failure)
    return new SmallDisk(folder)
  }

  /** To the last byte. */
  async fill(): Promise<void> {
    const { bfree, bsize } = statfsSync(this.#folder)
    // At once, without a byte being written; Postgres may have been quicker, then all is done by what follows.
    spawnSync('fallocate', ['--length', String(bfree * bsize), join(this.#folder, FILLER)])
    const filler = await open(join(this.#folder, FILLER), 'a')
    try {
      while (statfsSync(this.#folder).bfree > 0) await filler.write(CHUNK)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    } finally {
      await filler.close()
    }
  }

  free(): void {
    rmSync(join(this.#folder, FILLER), { force: true })
  }

  /** What is on it is gone then. */
  unmount(): void {
    if (!this.#isMounted) return
    this.#isMounted = false
    // Lazily: somebody may still have a file open, who ends soon.
    spawnSync('umount', ['--lazy', this.#folder])
  }
}

/** Answers why it could not be done. */
function mount(folder: string): string | undefined {
  const { status, error, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'berth-chaos', folder])
  return status === 0 ? undefined : `a disk can't be mounted: ${error?.message ?? stderr.toString().trim()}`
}
