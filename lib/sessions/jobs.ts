// Jobs that update() runs every so often: on a grid of times that does not drift. What a late update has missed of it is made up for once; a job that still runs is not begun again.

interface Job {
  readonly run: () => unknown
  readonly intervalMs: number
  nextAt: number
  isRunning: boolean
  isStopped: boolean
}

export class Jobs {
  readonly #report: (error: unknown) => void
  #jobs: readonly Job[] = []
  #nextAt = Number.POSITIVE_INFINITY

  /** `report` is told what a job throws or rejects with. */
  constructor(report: (error: unknown) => void) {
    this.#report = report
  }

  /** Adds a job, first due an interval from now. Returns what stops it. */
  add(intervalMs: number, run: () => unknown, now: number): () => void {
    const job: Job = { run, intervalMs, nextAt: now + intervalMs, isRunning: false, isStopped: false }
    this.#jobs = [...this.#jobs, job]
    this.#nextAt = Math.min(this.#nextAt, job.nextAt)
    return () => {
      job.isStopped = true
      this.#jobs = this.#jobs.filter((other) => other !== job)
    }
  }

  /** Runs what is due. */
  run(now: number): void {
    if (now < this.#nextAt) return
    for (const job of this.#jobs) {
      if (now < job.nextAt || job.isStopped) continue
      job.nextAt += job.intervalMs * (Math.floor((now - job.nextAt) / job.intervalMs) + 1)
      if (!job.isRunning) this.#start(job)
    }
    this.#nextAt = this.#jobs.reduce((at, { nextAt }) => Math.min(at, nextAt), Number.POSITIVE_INFINITY)
  }

  #start(job: Job): void {
    try {
      const result = job.run()
      if (!(result instanceof Promise)) return
      job.isRunning = true
      const done = (): void => {
        job.isRunning = false
      }
      result.then(done, (error: unknown) => {
        done()
        this.#report(error)
      })
    } catch (error) {
      this.#report(error)
    }
  }
}
