/** Images as tests look at them: built, and unpacked. */
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { type ImageConfig, readArchive, unpack } from '../archive.ts'
import { buildImages, type ImageName } from '../build.ts'
import { requirePrograms } from '../programs.ts'
import { atOurEnd } from './guard.ts'

const TAG = 'test'

export interface UnpackedImage {
  name: ImageName
  /** Its root file system. */
  folder: string
  config: ImageConfig
  bytes: number
  remove(): Promise<void>
}

/** Builds what is not up to date. */
export async function unpackImages<Name extends ImageName>(...names: Name[]): Promise<Record<Name, UnpackedImage>> {
  await requirePrograms({ runc: 'runc', tar: 'tar' }, 'Running images in a test', console.log)
  const built = await buildImages({ tag: TAG, only: names, onProgress: console.log })
  const images = await Promise.all(
    built.map(async ({ name, archive, bytes }) => {
      const above = await mkdtemp(path.join(os.tmpdir(), `berth-image-${name}-`))
      const letGo = atOurEnd(['rm', '-rf', above])
      const folder = path.join(above, 'root')
      await unpack(archive, folder)
      const { config } = await readArchive(archive)
      const remove = async () => {
        await rm(above, { recursive: true, force: true })
        letGo()
      }
      return { name, folder, config, bytes, remove }
    }),
  )
  return Object.fromEntries(images.map((image) => [image.name, image])) as Record<Name, UnpackedImage>
}
