/** Clears up after a test that is killed, which runs no code at its end. */
import { spawn } from 'node:child_process'
import type { Socket } from 'node:net'

/**
 * Runs the commands, one after the other, when this process has ended, however it does: a shell waits for the end of its
 * input, which closes with us. The answer calls it off.
 */
export function atOurEnd(...commands: string[][]): () => void {
  const script = ['read -r line', ...commands.map((words) => words.map(quoted).join(' '))].join('; ')
  const guard = spawn('/bin/sh', ['-c', script], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  guard.unref()
  ;(guard.stdin as Socket).unref()
  return () => void guard.kill('SIGKILL')
}

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`
