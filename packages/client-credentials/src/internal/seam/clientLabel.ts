/**
 * The label of a client in metrics. A registry of metrics keeps each series for the life of the process, so a process
 * with a client for each tenant must not make a series for each.
 */

/** How many clients of a process have series of their own. */
export const maxLabels = 100

export const make = (max: number) => {
  const known = new Set<string>()
  return (clientId: string): string => {
    if (!known.has(clientId) && known.size >= max) return "other"
    known.add(clientId)
    return clientId
  }
}

/** The client id for the first 100 of a process, `other` for all further ones. */
export const clientLabel = make(maxLabels)
