/** The header Prefer (RFC 7240): how long a caller wants to wait for an outcome. */

export const MAX_WAIT_SECONDS = 30

/** Seconds to wait, at most MAX_WAIT_SECONDS; undefined without such a preference. What is not understood is ignored. */
export function waitOf(header: string | string[] | undefined): number | undefined {
  const preferences = [header ?? []].flat().join(',').split(/[,;]/)
  for (const preference of preferences) {
    const seconds = /^\s*wait\s*=\s*"?(\d{1,9})"?\s*$/i.exec(preference)?.[1]
    if (seconds !== undefined) return Math.min(Number(seconds), MAX_WAIT_SECONDS)
  }
  return undefined
}
