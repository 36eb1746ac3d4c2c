/** What builds images: Docker's engine where one answers, else buildah, which needs none. */
import { succeeds } from '@berth/cluster/command.ts'
import { Buildah } from './buildah.ts'
import { Docker } from './docker.ts'
import type { ImageBuild } from './image-build.ts'

export interface Engine {
  readonly name: 'docker' | 'buildah'
  /** Makes ready, and clears what a build that was killed left behind. */
  open(onProgress: (line: string) => void): Promise<void>
  /** Throws with the engine's own words when it fails. */
  build(build: ImageBuild): Promise<void>
  /** Leaves nothing but what makes the next build short. */
  close(): Promise<void>
}

export const chooseEngine = async (): Promise<Engine> =>
  (await succeeds('docker', ['version', '--format', '{{.Server.Version}}'])) ? new Docker() : new Buildah()
