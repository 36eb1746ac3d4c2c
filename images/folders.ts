/** Where images are kept, outside of the clone. */
import path from 'node:path'
import { cacheFolder } from '@berth/cluster/folders.ts'

const imagesFolder = (): string => path.join(cacheFolder(), 'images')

/** Of the archives of one tag. */
export const archiveFolder = (tag: string): string => path.join(imagesFolder(), tag)

/** Of buildah's own images and layers. No tag can have this name. */
export const storageFolder = (): string => path.join(imagesFolder(), '.storage')
