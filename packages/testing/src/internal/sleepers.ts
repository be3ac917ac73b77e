/**
 * Sleeping fibers, by the time at which they wake: a binary heap, so that thousands may sleep at once.
 */

export interface Sleeper {
  readonly due: number
  readonly wake: () => void
}

interface Node extends Sleeper {
  /** The order of fibers that are due at the same time: they wake in the order in which they fell asleep. */
  readonly order: number
}

export interface Sleepers {
  /** Returns a function that removes it. */
  readonly add: (sleeper: Sleeper) => () => void
  /** The time of the next one; Infinity if there is none. */
  readonly nextDue: () => number
  /** Removes and returns the next one that is due by this time. */
  readonly take: (by: number) => Sleeper | undefined
  readonly size: () => number
}

const isBefore = (one: Node, other: Node): boolean =>
  one.due === other.due ? one.order < other.order : one.due < other.due

export const make = (): Sleepers => {
  const heap: Array<Node> = []
  // Removed ones stay in the heap until they reach its top.
  const alive = new Set<Node>()
  let order = 0

  const swap = (one: number, other: number): void => {
    ;[heap[one], heap[other]] = [heap[other] as Node, heap[one] as Node]
  }
  const precedes = (one: number, other: number): boolean => isBefore(heap[one] as Node, heap[other] as Node)

  const push = (node: Node): void => {
    let at = heap.push(node) - 1
    while (at > 0 && precedes(at, (at - 1) >> 1)) {
      swap(at, (at - 1) >> 1)
      at = (at - 1) >> 1
    }
  }

  const removeFirst = (): void => {
    swap(0, heap.length - 1)
    heap.pop()
    for (let at = 0;;) {
      let least = at
      for (const child of [2 * at + 1, 2 * at + 2]) if (child < heap.length && precedes(child, least)) least = child
      if (least === at) return
      swap(at, least)
      at = least
    }
  }

  const first = (): Node | undefined => {
    while (heap[0] !== undefined && !alive.has(heap[0])) removeFirst()
    return heap[0]
  }

  return {
    add: ({ due, wake }) => {
      const node = { due, wake, order: order++ }
      alive.add(node)
      push(node)
      return () => alive.delete(node)
    },
    nextDue: () => first()?.due ?? Infinity,
    take: (by) => {
      const next = first()
      if (next === undefined || next.due > by) return undefined
      alive.delete(next)
      removeFirst()
      return next
    },
    size: () => alive.size
  }
}
