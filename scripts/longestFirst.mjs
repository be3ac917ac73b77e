/**
 * Test files that take longest, longest first: a worker that starts one of them at the end works alone. Vitest has the
 * durations only of files that it has run before.
 */
const longest = [
  // They wait for processes, servers and time to pass.
  "examples/test/dashboard",
  // With full counts, minutes of simulated months.
  "testing/test/fleetMonth",
  "examples/test/fleet",
  "redis/test/failovers",
  "effect-4/test/mixedFleet",
  "examples/test/programs",
  "cli/test/tokens",
  "client-credentials/test/networkFaults",
  "client-credentials/test/seam/transport",
  "client-credentials/test/SharedTokens",
  "examples/test/workers",
  "cli/test/commands",
  "cli/test/doctorServers",
  "cli/test/calls",
  "client-credentials/test/IssuanceBudget",
  "examples/test/clusterDay",
  "examples/test/durableObject",
  "examples/test/scheduled-job",
  "client-credentials/test/http/apiCall",
  "client-credentials/test/TokenStore",
  "cli/test/terminal",
  "benchmarks/test/allocations",
  "benchmarks/test/measures",
  "soak/test/soak",
  "effect-4/test/generate",
  "cli/test/httpie",
  "sql/test/SqlTokenStore",
  "examples/test/broker",
  "examples/test/cluster",
  "redis/test/cluster",
  "sql/test/fleet",
  "testing/test/fleetFaults"
]

const rank = ({ moduleId }) => {
  const index = longest.findIndex((path) => moduleId.includes(`/${path}.test.`))
  return index === -1 ? longest.length : index
}

/**
 * Returns the files of a run in the order in which they start. Those of a project are together, since a worker loads its
 * modules again for another project.
 */
export const longestFirst = (files) => {
  const ranks = new Map()
  for (const file of files) {
    const { name } = file.project
    ranks.set(name, Math.min(ranks.get(name) ?? longest.length, rank(file)))
  }
  return [...files].sort((a, b) =>
    ranks.get(a.project.name) - ranks.get(b.project.name) ||
    a.project.name.localeCompare(b.project.name) ||
    rank(a) - rank(b)
  )
}
