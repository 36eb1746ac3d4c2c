/** What a person would ask kubectl first when something is wrong; and the logs of all pods, as files. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Kubectl } from './kubectl.ts'

const QUESTIONS: string[][] = [
  ['get', 'pods', '--output=wide'],
  ['get', 'tiers,tenants,workers,whatsappsessions'],
  ['get', 'events', '--sort-by=.metadata.creationTimestamp'],
  ['describe', 'workers,whatsappsessions,pods,jobs'],
]
/** How many of the questions are answered on the screen, too. */
const SHOWN = 2

/** Answers the short part. Never throws: half of the cluster may be away. */
export async function diagnose(kubectl: Kubectl, folder: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  const answers: string[] = []
  for (const question of QUESTIONS) {
    const answer = `$ kubectl ${question.join(' ')}\n${await ask(kubectl, question)}`
    await writeFile(join(folder, `${question.slice(0, 2).join('-').replaceAll(',', '-')}.txt`), answer)
    answers.push(answer)
  }
  const pods = (await ask(kubectl, ['get', 'pods', '--output=name']))
    .split('\n')
    .filter((line) => line.startsWith('pod/'))
  for (const pod of pods) {
    const name = pod.replace('/', '-')
    await writeFile(join(folder, `${name}.log`), await ask(kubectl, ['logs', pod, '--all-containers']))
    // A container that was started again said the last words before that.
    const before = await kubectl.run(['logs', pod, '--previous']).catch(() => undefined)
    if (before !== undefined) await writeFile(join(folder, `${name}.previous.log`), before)
  }
  return [...answers.slice(0, SHOWN), `More of it, and the logs of the pods: ${folder}`].join('\n')
}

const ask = (kubectl: Kubectl, args: string[]): Promise<string> =>
  kubectl.run(args).catch((error: Error) => error.message)
