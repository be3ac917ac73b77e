/** Set by `NodeTls`, the only module that reads the variables of connections. */
export const tlsReader = { isPresent: false }
