/** A control plane without nodes answers, and goes with the one that started it. Needs no root. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { answers } from '@berth/local/process/answers.ts'
import { expect, it } from 'vitest'
import { run } from '../command.ts'
import { startControlPlane } from './standalone.ts'

it('answers, with the controllers of Kubernetes where they are wanted', async () => {
  const controlPlane = await startControlPlane({ controllers: true })
  const kubectl = (...args: string[]) => run(controlPlane.kubectl, ['--kubeconfig', controlPlane.kubeconfig, ...args])
  try {
    await kubectl('create', 'deployment', 'nothing', '--image', 'nothing')
    await kubectl('wait', 'deployment/nothing', '--for=jsonpath={.status.unavailableReplicas}=1', '--timeout=60s')
  } finally {
    await controlPlane.stop()
  }
  expect(existsSync(controlPlane.logs)).toBe(false)
  await expect(kubectl('version')).rejects.toThrow()
})

it('is ended and removed by the next one when its owner was killed', async () => {
  const script = `
    import { startControlPlane } from ${JSON.stringify(`${import.meta.dirname}/standalone.ts`)}
    const { kubeconfig, url } = await startControlPlane()
    console.log(JSON.stringify({ kubeconfig, url }))
    setInterval(() => {}, 1000)`
  const owner = spawn(process.execPath, ['--input-type=module-typescript', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exit = once(owner, 'exit')
  const [line] = await once(createInterface(owner.stdout), 'line')
  const { kubeconfig, url } = JSON.parse(line) as { kubeconfig: string; url: string }
  owner.kill('SIGKILL')
  await exit
  // Nobody has told it.
  expect(await answers(`${url}/readyz`)).toBe(true)

  const next = await startControlPlane()
  await next.stop()
  expect(existsSync(kubeconfig)).toBe(false)
  expect(await answers(`${url}/readyz`)).toBe(false)
})
