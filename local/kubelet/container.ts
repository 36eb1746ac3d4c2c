/**
 * One container of a pod, as a child process.
 *
 * It is waiting until its environment is complete; then running; then, when its process ends, terminated. A terminated
 * one is started again where the pod's policy says so: at once the first time, then after a growing wait, during which
 * it is waiting as CrashLoopBackOff. stop() ends it in whatever state it is, and it stays terminated.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import os from 'node:os'
import { kubeTime } from '@berth/core/kube/time.ts'
import type { Container, ContainerState, ContainerStatus, Pod, Secret } from '@berth/core/model/builtin.ts'
import { freePort } from '../ports.ts'
import { signal, signalGroup } from '../process/identity.ts'
import type { ProcessLedger } from '../process/ledger.ts'
import { openLog, podLogFile } from '../process/log-file.ts'
import { environment } from './environment.ts'
import { commandOf } from './image.ts'
import { type Probing, startProbe } from './probe.ts'
import { restartDelay, restarts } from './restart.ts'

/** A refused configuration is looked at again so often: the missing secret may have been made. */
const CONFIG_RETRY_MS = 1000
/** Exit codes that container runtimes use for a start that failed, and add to a signal's number. */
const START_FAILED = 128

/** What all containers of a kubelet share. */
export interface ContainerHost {
  clone: string
  nodeName: string
  kubeconfig: string
  logsFolder: string
  ledger: ProcessLedger
  secret(namespace: string, name: string): Promise<Secret | undefined>
}

interface Run {
  child: ChildProcess
  startedAt: Date
  ended: Promise<void>
}

export class ContainerRunner {
  readonly #host: ContainerHost
  readonly #pod: Pod
  readonly #container: Container
  readonly #changed: () => void
  #state: ContainerState = { waiting: { reason: 'ContainerCreating' } }
  #lastState: ContainerState | undefined
  #containerID: string | undefined
  #restartCount = 0
  #ready = false
  #run: Run | undefined
  #probings: Probing[] = []
  #timer: NodeJS.Timeout | undefined
  #lastDelayMs: number | undefined
  #stopping = false

  /** @param changed called after each change of what status() says */
  constructor(host: ContainerHost, pod: Pod, container: Container, changed: () => void) {
    this.#host = host
    this.#pod = pod
    this.#container = container
    this.#changed = changed
    const before = pod.status?.containerStatuses?.find(({ name }) => name === container.name)
    if (before) this.#takeOver(before)
  }

  /** Answers nothing: what becomes of it is seen in status(). */
  start(): void {
    void this.#start()
  }

  status(): ContainerStatus {
    return {
      name: this.#container.name,
      image: this.#container.image,
      imageID: '',
      ready: this.#ready,
      started: this.#state.running !== undefined,
      restartCount: this.#restartCount,
      state: this.#state,
      lastState: this.#lastState ?? {},
      ...(this.#containerID ? { containerID: this.#containerID } : {}),
    }
  }

  /** A signal, and SIGKILL after the grace period. Resolves when the process is gone. A second call may shorten it. */
  async stop(graceMs: number, how: 'SIGTERM' | 'SIGINT'): Promise<void> {
    this.#stopping = true
    clearTimeout(this.#timer)
    const { child, ended } = this.#run ?? {}
    if (child?.pid === undefined) return this.#neverToRun()
    const { pid } = child
    if (graceMs > 0) signal(pid, how)
    else signalGroup(pid, 'SIGKILL')
    const impatience = setTimeout(() => signalGroup(pid, 'SIGKILL'), graceMs)
    await ended
    clearTimeout(impatience)
  }

  /** The pod ran under an earlier kubelet, whose processes are all gone by now: this is a restart in place. */
  #takeOver(before: ContainerStatus): void {
    if (!before.containerID) return
    this.#containerID = before.containerID
    this.#restartCount = before.restartCount + 1
    const { running, terminated } = before.state ?? {}
    this.#lastState = terminated
      ? { terminated }
      : running
        ? {
            terminated: {
              exitCode: START_FAILED + os.constants.signals.SIGKILL,
              reason: 'Error',
              startedAt: running.startedAt,
              finishedAt: kubeTime(new Date()),
            },
          }
        : before.lastState
  }

  async #start(): Promise<void> {
    const command = commandOf(this.#container, this.#host.clone)
    if ('problem' in command) return this.#wait('ErrImagePull', command.problem)
    const port = await freePort()
    let env: Record<string, string>
    try {
      env = await environment({
        pod: this.#pod,
        container: this.#container,
        nodeName: this.#host.nodeName,
        port,
        kubeconfig: this.#host.kubeconfig,
        secret: (name) => this.#host.secret(this.#pod.metadata.namespace!, name),
      })
    } catch (error) {
      // A missing secret, or a Kubernetes API that is away.
      this.#timer = setTimeout(() => this.start(), CONFIG_RETRY_MS)
      return this.#wait('CreateContainerConfigError', (error as Error).message)
    }
    if (this.#stopping) return this.#neverToRun()

    const log = openLog(this.#logFile)
    const child = spawn(command.file, command.args, {
      cwd: this.#host.clone,
      env,
      detached: true, // Ctrl-C must reach us and not the pods
      stdio: ['ignore', log.fd, log.fd],
    })
    if (child.pid !== undefined) this.#host.ledger.record(this.#ledgerName, child.pid)
    log.close()
    this.#observe(child, port)
  }

  #observe(child: ChildProcess, port: number): void {
    const startedAt = new Date()
    const end = Promise.withResolvers<void>()
    this.#run = { child, startedAt, ended: end.promise }
    child.once('error', (error) => {
      // Without a pid it never ran; with one it is about a signal that could not be sent.
      if (child.pid !== undefined) return
      this.#ended(START_FAILED, { reason: 'StartError', message: error.message })
      end.resolve()
    })
    child.once('exit', (code, by) => {
      this.#ended(code ?? START_FAILED + os.constants.signals[by!], by ? { signal: os.constants.signals[by] } : {})
      end.resolve()
    })
    if (child.pid === undefined) return
    this.#containerID = `process://${child.pid}-${startedAt.getTime()}`
    this.#state = { running: { startedAt: kubeTime(startedAt) } }
    this.#ready = this.#container.readinessProbe === undefined
    this.#startProbes(port)
    this.#changed()
  }

  #startProbes(port: number): void {
    const { readinessProbe, livenessProbe } = this.#container
    if (readinessProbe) {
      const probing = startProbe(readinessProbe, this.#container, port, {
        eager: true,
        onSuccess: () => this.#setReady(true),
        onFailure: () => this.#setReady(false),
      })
      this.#probings.push(probing)
    }
    if (livenessProbe) {
      const probing = startProbe(livenessProbe, this.#container, port, {
        onSuccess: () => {},
        onFailure: () => {
          probing.stop()
          this.#endForRestart()
        },
      })
      this.#probings.push(probing)
    }
  }

  #setReady(ready: boolean): void {
    if (this.#ready === ready) return
    this.#ready = ready
    this.#changed()
  }

  /** It does not answer any more: its end leads to the next start. */
  #endForRestart(): void {
    const { child } = this.#run!
    signal(child.pid!, 'SIGTERM')
    const impatience = setTimeout(() => signalGroup(child.pid!, 'SIGKILL'), graceMs(this.#pod))
    child.once('exit', () => clearTimeout(impatience))
  }

  #ended(exitCode: number, how: { reason?: string; message?: string; signal?: number }): void {
    const { child, startedAt } = this.#run!
    this.#run = undefined
    for (const probing of this.#probings.splice(0)) probing.stop()
    // What it started goes with it, as in a container.
    if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL')
    this.#host.ledger.forget(this.#ledgerName)
    this.#ready = false
    this.#state = {
      terminated: {
        exitCode,
        reason: exitCode === 0 ? 'Completed' : 'Error',
        startedAt: kubeTime(startedAt),
        finishedAt: kubeTime(new Date()),
        ...how,
      },
    }
    this.#changed()
    if (!this.#stopping && restarts(this.#pod.spec.restartPolicy, exitCode))
      this.#restart(Date.now() - startedAt.getTime())
  }

  #restart(ranMs: number): void {
    const delayMs = restartDelay(this.#lastDelayMs, ranMs)
    this.#lastDelayMs = delayMs
    this.#lastState = this.#state
    this.#restartCount += 1
    if (delayMs === 0) {
      this.start()
      return
    }
    this.#timer = setTimeout(() => this.start(), delayMs)
    const what = `back-off ${delayMs / 1000}s restarting failed container=${this.#container.name}`
    this.#wait('CrashLoopBackOff', `${what} pod=${this.#pod.metadata.name}`)
  }

  #wait(reason: string, message: string): void {
    const { waiting } = this.#state
    if (waiting?.reason === reason && waiting.message === message) return
    this.#state = { waiting: { reason, message } }
    this.#changed()
  }

  /** Stopped while it was waiting. */
  #neverToRun(): void {
    if (this.#state.terminated) return
    this.#state = this.#lastState?.terminated
      ? this.#lastState
      : { terminated: { exitCode: START_FAILED + os.constants.signals.SIGTERM, reason: 'ContainerStatusUnknown' } }
    this.#changed()
  }

  get #ledgerName(): string {
    return `${this.#pod.metadata.uid}.${this.#container.name}`
  }

  get #logFile(): string {
    const { namespace, name } = this.#pod.metadata
    return podLogFile(this.#host.logsFolder, namespace!, name, this.#container.name)
  }
}

/** How long a pod's processes may take to end. */
export const graceMs = (pod: Pod): number =>
  (pod.metadata.deletionGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30) * 1000
