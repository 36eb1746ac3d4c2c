/** A hash over all that images are made of, to know which are up to date. */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'

/** @param root the clone; its .dockerignore says what reaches a build */
export async function hashOfInputs(root: string, others: string[]): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(others))
  const rules = (await readFile(path.join(root, '.dockerignore'), 'utf8'))
    .split('\n')
    .filter((line) => /^[^#]/.test(line))
  const allowed = rules.filter((line) => line.startsWith('!')).map((line) => line.slice(1))
  const endings = rules.filter((line) => line.startsWith('**/*.')).map((line) => line.slice('**/*'.length))
  for (const name of ['Dockerfile', '.dockerignore', ...allowed].sort()) {
    for (const file of await filesBelow(path.join(root, name))) {
      if (endings.some((ending) => file.endsWith(ending))) continue
      hash
        .update(`${path.relative(root, file)}\0`)
        .update(await readFile(file))
        .update('\0')
    }
  }
  return hash.digest('hex')
}

async function filesBelow(place: string): Promise<string[]> {
  let entries: string[]
  try {
    entries = await readdir(place)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return [place]
    throw error
  }
  const below = entries.filter((name) => name !== 'node_modules').map((name) => filesBelow(path.join(place, name)))
  return (await Promise.all(below)).flat().sort()
}
