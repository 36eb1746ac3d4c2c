/** What a container runs. There are no images here: Berth's own stand for the clone's code, others need a command. */
import path from 'node:path'
import type { Container } from '@berth/core/model/builtin.ts'

export interface Command {
  file: string
  args: string[]
}

const WORKER_IMAGE = /^(.*\/)?berth\/worker(:|@|$)/

/** The command, or why there is none. */
export function commandOf(container: Container, clone: string): Command | { problem: string } {
  const args = container.args ?? []
  const [file, ...first] = container.command ?? []
  if (file !== undefined) return { file, args: [...first, ...args] }
  if (WORKER_IMAGE.test(container.image)) return nodeCommand(path.join(clone, 'worker', 'main.ts'), args)
  return {
    problem:
      `The local kubelet has no images. It runs berth/worker from this folder, and containers that say their command; ` +
      `${container.image} is neither.`,
  }
}

/** Runs a file of the clone with the Node that runs us. */
export const nodeCommand = (file: string, args: string[]): Command => ({
  file: process.execPath,
  args: ['--disable-warning=ExperimentalWarning', file, ...args],
})
