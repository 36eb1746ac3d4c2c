/** The environment of a process of ours that is to have none but what its test gives it. */

/** What any process needs to be started, and, within `npm test`, what was compiled of its code before. */
export function bareEnvironment(): Record<string, string> {
  const { PATH = '', NODE_COMPILE_CACHE } = process.env
  return { PATH, ...(NODE_COMPILE_CACHE !== undefined && { NODE_COMPILE_CACHE }) }
}
