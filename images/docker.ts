/** Builds with Docker's engine; the images are in it afterwards, as after `docker build`. */
import { run } from '@berth/cluster/command.ts'
import type { Engine } from './engine.ts'
import { type ImageBuild, optionsOf } from './image-build.ts'

export class Docker implements Engine {
  readonly name = 'docker'

  async open(): Promise<void> {}

  async build(build: ImageBuild): Promise<void> {
    const { reference, archive } = build
    await run('docker', [...['build', '--quiet', '--tag', reference], ...optionsOf(build), build.context])
    await run('docker', ['save', '--output', archive, reference])
  }

  async close(): Promise<void> {}
}
