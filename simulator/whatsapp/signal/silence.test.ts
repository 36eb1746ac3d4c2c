// Each case in a process of its own: what is really written counts.
import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'

/** What a process writes whose libsignal closes a session; upstream prints the whole session, with its private keys. */
function output(before: string): string {
  const code = `
    import { createRequire } from 'node:module'
    ${before}
    const SessionRecord = createRequire(${JSON.stringify(import.meta.url)})('libsignal/src/session_record.js')
    new SessionRecord().closeSession({ indexInfo: { closed: -1 }, privKey: 'secret' })
    console.info('something else')`
  return execFileSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' })
}

it('is needed: libsignal-node prints private keys', () => {
  expect(output('')).toContain('secret')
})

it('keeps them out, and lets everything else through', () => {
  const silence = JSON.stringify(new URL('silence.ts', import.meta.url).href)
  expect(output(`import { silenceLibsignal } from ${silence}; silenceLibsignal()`)).toBe('something else\n')
})
