/** What goes into each image of ours: its programs, and the files that they read while they run. */

export const APPS = ['operator', 'gateway', 'worker', 'simulator'] as const
export type App = (typeof APPS)[number]

export interface Recipe {
  /** The file each program starts with, by the program's name: main is what runs as /app/main.js. */
  programs: { main: string } & Record<string, string>
  /** Code that a program starts in a thread of its own. */
  threads?: string[]
  /** Folders that our code reads files from, by their name in /app. */
  folders?: Record<string, string>
  /** Folders that packages read files from, by package. */
  packageFolders?: Record<string, string[]>
}

export const RECIPES: Record<App, Recipe> = {
  operator: { programs: { main: 'operator/main.ts', berth: 'cli/main.ts' } },
  gateway: {
    programs: { main: 'gateway/main.ts' },
    packageFolders: { '@fastify/swagger-ui': ['static'] },
  },
  worker: { programs: { main: 'worker/main.ts' }, threads: ['worker/lease/thread.ts'] },
  simulator: { programs: { main: 'simulator/main.ts' }, folders: { page: 'simulator/page' } },
}

/**
 * Packages that are asked for and do without an answer: their callers go on when there are none. sharp, jimp: thumbnails of
 * pictures that we send, which Berth doesn't yet; sharp comes with a native library of 18 MB under LGPL-3.0.
 */
export const LEFT_OUT = [
  'sharp',
  'jimp',
  'link-preview-js',
  'audio-decode',
  'pg-native',
  'supports-color',
  'utf-8-validate',
  'bufferutil',
]

/**
 * Code that names its own place without needing it: pino starts threads only for transports, which we have none of, the
 * swagger plugin looks for its own version, undici decorates stack traces, and the clone is looked for by the command line
 * to find a local installation in it.
 */
export const NEEDS_NO_PLACE = ['pino', 'thread-stream', '@fastify/swagger', 'undici', 'local/clone.ts']
