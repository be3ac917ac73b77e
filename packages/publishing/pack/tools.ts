/** The environments of the tests: packages of the npm registry, each at a fixed version. */
import type { Major } from "./programs.js"

const node = (version: string) => `npm:node-${process.platform}-${process.arch}@${version}`

export const runtimes = {
  // The oldest version that `engines` allows.
  "node-20": node("20.19.0"),
  "node-22": node("22.23.3"),
  "node-24": node("24.21.0"),
  bun: "1.4.5",
  deno: "2.9.6",
  workerd: "1.20261117.1"
}

/** Supported clients of Redis, other than the dependency of `@effect-oauth/redis`. */
export const redisClients = {
  "ioredis-5.4": "npm:ioredis@5.4.2",
  "ioredis-6": "npm:ioredis@6.0.0",
  "redis-4": "npm:redis@4.7.1",
  "redis-5": "npm:redis@5.12.1",
  "redis-6": "npm:redis@6.3.1"
}

/** Tools for programs in CommonJS: Jest, and esbuild to convert ES modules for it. */
export const jest = { jest: "30.5.2", esbuild: "0.28.2" }

export const compilers = {
  "typescript-5.4": "npm:typescript@5.4.5",
  "typescript-5.5": "npm:typescript@5.5.4",
  "typescript-5.6": "npm:typescript@5.6.3",
  "typescript-5.7": "npm:typescript@5.7.3",
  "typescript-5.8": "npm:typescript@5.8.3",
  "typescript-5.9": "npm:typescript@5.9.3",
  "typescript-6.0": "npm:typescript@6.0.3",
  "typescript-7.0": "npm:typescript@7.0.2"
}

/** Returns the compilers that support the declarations of a major of Effect. */
export const compilersOf = (major: Major): ReadonlyArray<string> =>
  Object.keys(compilers).filter((name) => major === 3 || Number(name.slice("typescript-".length)) >= 5.9)
