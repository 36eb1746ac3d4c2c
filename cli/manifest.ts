/** Manifests: YAML or JSON files (several documents each, folders of them, or the standard input) as objects. */
import { readdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { isName } from '@berth/core/kube/path.ts'
import type { KubeObject } from '@berth/core/model/meta.ts'
import { parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { CliError } from './error.ts'

/** As far as we must know an object to send it. */
export interface Manifest extends KubeObject {
  apiVersion: string
  kind: string
}

const Manifest = z.looseObject({
  apiVersion: z.string().min(1),
  kind: z.string().min(1),
  metadata: z.looseObject({ name: z.string().refine(isName), namespace: z.string().refine(isName).optional() }),
})

const ENDINGS = ['.yaml', '.yml', '.json']

/** All objects of these files, in order. Throws CliError, naming file and line, before anything is done with any of them. */
export async function readManifests(
  names: string[],
  folder: string,
  readInput: () => Promise<string>,
): Promise<Manifest[]> {
  const manifests: Manifest[] = []
  for (const name of names) {
    const texts = name === '-' ? [{ source: 'standard input', text: await readInput() }] : await textsOf(name, folder)
    for (const { source, text } of texts) manifests.push(...parseManifests(text, source))
  }
  if (manifests.length === 0) throw new CliError(`There is no object in ${names.join(', ')}.`)
  return manifests
}

/** The documents of a text; of a List, its items. */
export function parseManifests(text: string, source: string): Manifest[] {
  return parseAllDocuments(text).flatMap((document) => {
    const [error] = document.errors
    if (error) throw new CliError(`${source}: ${error.message.split('\n')[0]?.replace(/:$/, '.')}`)
    const value: unknown = document.toJS()
    if (value === null || value === undefined) return []
    const start = document.contents?.range[0] ?? 0
    const place = `${source}, line ${text.slice(0, start).split('\n').length}`
    return isList(value) ? value.items.map((item) => manifestOf(item, place)) : [manifestOf(value, place)]
  })
}

function manifestOf(value: unknown, place: string): Manifest {
  const result = Manifest.safeParse(value)
  // The parsed one would have its keys in another order.
  if (result.success) return value as Manifest
  const [issue] = result.error.issues
  const field = issue?.path.join('.') || 'the document'
  throw new CliError(`${place}: not a Kubernetes object: ${field} is missing or wrong.`)
}

const isList = (value: unknown): value is { items: unknown[] } =>
  typeof value === 'object' &&
  value !== null &&
  'kind' in value &&
  value.kind === 'List' &&
  'items' in value &&
  Array.isArray(value.items)

/** Of the file itself, or of the manifests directly in the folder, by name. */
async function textsOf(name: string, folder: string): Promise<{ source: string; text: string }[]> {
  const file = path.resolve(folder, name)
  try {
    const isFolder = (await stat(file)).isDirectory()
    const files = isFolder ? (await readdir(file)).sort().map((entry) => path.join(file, entry)) : [file]
    const manifests = isFolder ? files.filter((one) => ENDINGS.includes(path.extname(one))) : files
    return await Promise.all(manifests.map(async (source) => ({ source, text: await readFile(source, 'utf8') })))
  } catch (cause) {
    throw new CliError(`${file} can't be read: ${(cause as NodeJS.ErrnoException).code}.`, { cause })
  }
}
