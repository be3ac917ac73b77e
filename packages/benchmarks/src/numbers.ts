/**
 * Numbers in readable form.
 */
import type { Unit } from "./result.js"

const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 0 })

/** Returns three digits for numbers with fewer. */
const precise = (value: number): string => {
  const size = Math.abs(value)
  return size >= 100 || value === 0 ? grouped.format(value) : value.toFixed(size >= 10 ? 1 : 2)
}

const counts: ReadonlySet<Unit> = new Set(["requests", "callers"])

export const show = (value: number, unit: Unit): string => {
  if (counts.has(unit)) return Number.isInteger(value) ? grouped.format(value) : value.toFixed(1)
  if (unit === "bytes" && Math.abs(value) >= 1e6) return `${precise(value / 1e6)} MB`
  if (unit === "bytes") return Math.abs(value) >= 1000 ? `${precise(value / 1000)} kB` : `${grouped.format(value)} B`
  if (unit === "calls/s") return grouped.format(value)
  return `${precise(value)} ${unit}`
}
