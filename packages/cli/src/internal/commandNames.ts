/** The commands, in the order of the help. */
export const commandNames = [
  "init",
  "doctor",
  "call",
  "token",
  "exec",
  "inspect",
  "status",
  "budget",
  "revoke",
  "simulate",
  "sandbox"
] as const

export type CommandName = (typeof commandNames)[number]
