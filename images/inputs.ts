/** A hash over all that images are made of, to know which are up to date. */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'

/**
 * @param context folder that an image is built from; its .dockerignore, if it has one, says what of it reaches the build
 * @param others what else makes a difference
 */
export async function hashOfInputs(context: string, others: string[]): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(others))
  const rules = (await readFile(path.join(context, '.dockerignore'), 'utf8').catch(() => '!.')).split('\n')
  const places = rules.filter((rule) => rule.startsWith('!')).map((rule) => rule.slice(1))
  const left = rules.filter((rule) => rule.startsWith('**/')).map((rule) => rule.slice('**/'.length))
  const counts = (name: string) => !left.some((rule) => matches(name, rule))
  for (const place of ['Dockerfile', ...places].sort()) {
    for (const file of await filesBelow(path.join(context, place), counts)) {
      hash
        .update(`${path.relative(context, file)}\0`)
        .update(await readFile(file))
        .update('\0')
    }
  }
  return hash.digest('hex')
}

const matches = (name: string, rule: string): boolean =>
  rule.startsWith('*') ? name.endsWith(rule.slice(1)) : name === rule

async function filesBelow(place: string, counts: (name: string) => boolean): Promise<string[]> {
  let entries: string[]
  try {
    entries = await readdir(place)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return [place]
    throw error
  }
  const below = entries.filter(counts).map((name) => filesBelow(path.join(place, name), counts))
  return (await Promise.all(below)).flat().sort()
}
