/** Breaks things, and mends them after their time. */

import type { Landed } from './postgres/history.ts'
import type { Process } from './process.ts'
import type { Fault, Who } from './script.ts'
import type { ServerName } from './server.ts'
import type { World } from './world.ts'

export class Faults {
  readonly #world: World
  /** Servers that are away, and how they come back. */
  readonly #outages = new Map<ServerName, () => void>()

  constructor(world: World) {
    this.#world = world
  }

  /** False: there was nothing to break. */
  strike(fault: Fault): boolean {
    const { network, watches, api } = this.#world
    switch (fault.do) {
      case 'compact':
        api.compact()
        watches.breakOff()
        return true
      case 'restore the API':
        return this.#restore(fault.agoMs, fault.silent)
      case 'outage':
        return this.#outage(fault.server, fault.ms)
      case 'lose commits':
        return this.#goBack({ commits: fault.count }, fault.ms)
      case 'restore Postgres':
        return this.#goBack({ agoMs: fault.agoMs }, fault.ms)
      case 'lose host':
      case 'crash kubelet':
        return this.#host(fault.host, fault.do, fault.ms)
    }
    const process = this.#find(fault.who)
    if (!process) return false
    switch (fault.do) {
      case 'kill':
        process.kill()
        break
      case 'mishap':
        network.trap(process, fault.nth, fault.mishap)
        break
      case 'pause':
        process.isPaused = true
        this.#after(fault.ms, () => this.#wake(process))
        break
      case 'cut':
        network.cut(process.name, fault.server)
        this.#after(fault.ms, () => network.mend(process.name, fault.server))
        break
      case 'lag':
        watches.lag(process.name, fault.lagMs)
        this.#after(fault.ms, () => watches.lag(process.name, 0))
        break
      case 'stutter':
        watches.stutter(process.name)
        break
      case 'break watches':
        watches.breakOff(process.name)
    }
    return true
  }

  /** Nothing is broken any more. */
  mendAll(): void {
    const { network, watches, hosts, processes } = this.#world
    network.mendAll()
    watches.calm()
    for (const name of [...this.#outages.keys()]) this.#comeBack(name)
    for (const host of hosts) host.comeBack()
    for (const process of processes()) if (process.isPaused) this.#wake(process)
  }

  #find(who: Who): Process | undefined {
    const process = this.#world.find(who)
    return process?.isAlive ? process : undefined
  }

  #wake(process: Process): void {
    if (process.isPaused && process.isAlive) this.#world.time.wake(process)
  }

  /** `as`: how Postgres comes back. */
  #outage(name: ServerName, ms: number, as?: Landed): boolean {
    const { kubernetes, postgresServer, watches, postgres } = this.#world
    const server = name === 'kubernetes' ? kubernetes : postgresServer
    if (!server.isUp) return false
    server.goDown()
    if (name === 'kubernetes') watches.breakOff()
    this.#outages.set(name, () => {
      server.comeUp()
      if (name === 'postgres') postgres.restart(as)
    })
    this.#after(ms, () => this.#comeBack(name))
    return true
  }

  #comeBack(name: ServerName): void {
    this.#outages.get(name)?.()
    this.#outages.delete(name)
  }

  #goBack(back: { commits: number } | { agoMs: number }, ms: number): boolean {
    const { postgres, postgresServer } = this.#world
    const past = postgres.past(back, postgresServer.uptime)
    return past !== undefined && this.#outage('postgres', ms, past)
  }

  #restore(agoMs: number, silent: boolean): boolean {
    const { backups, time, api, watches, placement, ownership, postgres } = this.#world
    const backup = backups.findLast(({ at }) => at <= time.now - agoMs)
    if (!backup) return false
    watches.refusesFuture = !silent
    placement.wentBack()
    ownership.apiWentBack(postgres.tables.ownership)
    api.restore(backup.content)
    backups.splice(backups.indexOf(backup))
    watches.breakOff()
    return true
  }

  #host(name: string, what: 'lose host' | 'crash kubelet', ms: number): boolean {
    const host = this.#world.hosts.find((one) => one.name === name)
    if (!host?.isUp || !host.kubelet.isAlive) return false
    if (what === 'crash kubelet') host.crashKubelet(ms)
    else {
      host.lose()
      this.#after(ms, () => host.comeBack())
    }
    return true
  }

  #after(ms: number, run: () => void): void {
    this.#world.time.after(ms, this.#world.kubernetes.process, run)
  }
}
