/**
 * Loaded into a measured process before its own code (`node --import`): the CPU profile of a span. The first SIGUSR2
 * begins one, the next one ends it and writes it. Whoever sends the signals waits for the file that each of them makes.
 */
import { renameSync, writeFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import { isMainThread } from 'node:worker_threads'
import { profileFile, runningFile } from './files.ts'

const SAMPLE_MICROSECONDS = 500
const folder = process.env.BERTH_BENCH_PROFILES!

let session: Session | undefined
let spans = 0

async function toggle(): Promise<void> {
  const running = runningFile(folder, process.pid)
  if (!session) {
    session = new Session()
    session.connect()
    await session.post('Profiler.enable')
    await session.post('Profiler.setSamplingInterval', { interval: SAMPLE_MICROSECONDS })
    await session.post('Profiler.start')
    writeFileSync(running, '')
    return
  }
  const { profile } = await session.post('Profiler.stop')
  session.disconnect()
  session = undefined
  writeFileSync(running, JSON.stringify(profile))
  renameSync(running, profileFile(folder, process.pid, ++spans))
}

if (isMainThread) process.on('SIGUSR2', () => void toggle())
