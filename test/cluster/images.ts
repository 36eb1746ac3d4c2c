/** The images of the test: built once, and known to the nodes under two tags, so that an upgrade has something to change to. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '@berth/cluster/command.ts'
import { buildImages, IMAGE_NAMES } from '@berth/images/build.ts'

export interface Tags {
  current: string
  next: string
}

/** OCI image index, as an archive has it. */
interface Index {
  manifests: { annotations?: Record<string, string> }[]
}

const INDEX = 'index.json'

/** Answers the archives to load. @param folder for those with two tags */
export async function imagesUnder(
  { current, next }: Tags,
  folder: string,
  tell: (line: string) => void,
): Promise<string[]> {
  const images = await buildImages({ tag: current, only: IMAGE_NAMES, onProgress: tell })
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  return Promise.all(
    images.map(async ({ name, reference, archive }) => {
      if (!reference.endsWith(`:${current}`)) return archive
      const copy = join(folder, `${name}.tar`)
      await addName(archive, copy, reference, reference.replace(/[^:]+$/, next))
      return copy
    }),
  )
}

/** The same manifests once more, under the other name: nothing of an image is in there twice. */
async function addName(archive: string, copy: string, name: string, other: string): Promise<void> {
  const unpacked = await mkdtemp(`${copy}.`)
  await run('tar', ['--extract', '--file', archive, '--directory', unpacked])
  const file = join(unpacked, INDEX)
  const index = JSON.parse(await readFile(file, 'utf8')) as Index
  const renamed = JSON.parse(JSON.stringify(index.manifests).replaceAll(name, other)) as Index['manifests']
  await writeFile(file, JSON.stringify({ ...index, manifests: [...index.manifests, ...renamed] }))
  await run('tar', ['--create', '--file', copy, '--directory', unpacked, ...(await readdir(unpacked))])
  await rm(unpacked, { recursive: true })
}
