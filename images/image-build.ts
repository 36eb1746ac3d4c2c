/** An image to build, and what docker and buildah are told of it in the same words. */

export interface ImageBuild {
  /** Folder that the Dockerfile copies from. */
  context: string
  dockerfile: string
  /** The stage of the Dockerfile; its last one when absent. */
  target?: string
  /** Other folders to copy from, by the name that the Dockerfile has for them. */
  folders?: Record<string, string>
  args?: Record<string, string>
  /** The image's full name. */
  reference: string
  /** OCI archive to write. */
  archive: string
}

export const optionsOf = ({ dockerfile, target, folders = {}, args = {} }: ImageBuild): string[] => [
  ...['--file', dockerfile],
  ...(target ? ['--target', target] : []),
  ...Object.entries(folders).flatMap(([name, folder]) => ['--build-context', `${name}=${folder}`]),
  ...Object.entries(args).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
]
