/** Where tests and tools put what a whole Berth may lie in. */
import { chmod, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** As root, Postgres runs as another user, who must be able to walk there: root's own $TMPDIR may be closed to him. */
export const SCRATCH = process.getuid?.() === 0 ? '/var/tmp' : tmpdir()

/** A new, empty folder that everybody may walk through; whoever asks for it removes it. */
export async function scratchFolder(name: string): Promise<string> {
  const folder = await mkdtemp(join(SCRATCH, `berth-${name}-`))
  await chmod(folder, 0o711)
  return folder
}
