/** A process's settings from its environment, read once at start; what is missing or wrong is said in one message. */
import { z } from 'zod'

export class EnvironmentError extends Error {
  override name = 'EnvironmentError'
}

/** Reads the named variables. An empty one counts as absent. Throws EnvironmentError naming all that is wrong. */
export function readEnvironment<Shape extends z.ZodRawShape>(
  shape: Shape,
  env: Record<string, string | undefined> = process.env,
): z.infer<z.ZodObject<Shape>> {
  const given = Object.fromEntries(Object.keys(shape).map((name) => [name, env[name] || undefined]))
  const result = z.object(shape).safeParse(given)
  if (result.success) return result.data
  const lines = result.error.issues.map((issue) => {
    const name = String(issue.path[0])
    const about = (shape[name] as z.ZodType | undefined)?.description
    const what = given[name] === undefined ? 'is not set' : `is not right: ${issue.message}`
    return `  ${name} ${what}${about ? ` (${about})` : ''}`
  })
  throw new EnvironmentError(`Settings are missing or wrong:\n${lines.join('\n')}`)
}
