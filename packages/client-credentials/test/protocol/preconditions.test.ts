import { assert, describe, it } from "@effect/vitest"

import * as preconditions from "../../src/internal/protocol/preconditions.js"

describe("headerProblem", () => {
  it("finds no problem in fields that can be sent", () => {
    assert.isUndefined(preconditions.headerProblem({}))
    assert.isUndefined(preconditions.headerProblem({ "x-!#$%&'*+-.^_`|~1": "a\tb\x80\xff ~" }))
  })

  for (const value of ["a\nb", "a\rb", "a\0b", "\x7f", "\u0100"]) {
    it(`names the field of ${JSON.stringify(value)}`, () =>
      assert.strictEqual(
        preconditions.headerProblem({ "x-good": "a", "x-own": value }),
        "the header x-own has a value with an invalid character (RFC 9110 section 5.5)"
      ))
  }

  it("cuts the name to 60 characters", () =>
    assert.include(preconditions.headerProblem({ ["x".repeat(100)]: "\n" }), `the header ${"x".repeat(60)} has`))

  for (const name of ["", "a b", "a:b", "a\n", "é"]) {
    it(`does not show the name ${JSON.stringify(name)}`, () =>
      assert.strictEqual(
        preconditions.headerProblem({ [name]: "a" }),
        "a header has an invalid name (RFC 9110 section 5.1)"
      ))
  }

  it("does not check valid headers again", () => {
    assert.isUndefined(preconditions.headerProblem({ "x-own": "a\nb" }, { "x-own": "a\nb" }))
    assert.isString(preconditions.headerProblem({ "x-own": "a\nb" }, { "x-own": "a" }))
  })
})

describe("verifiesCertificates", () => {
  const name = "NODE_TLS_REJECT_UNAUTHORIZED"
  const given = (value: string | undefined) => {
    const before = process.env[name]
    try {
      if (value === undefined) Reflect.deleteProperty(process.env, name)
      else process.env[name] = value
      return preconditions.verifiesCertificates()
    } finally {
      if (before === undefined) Reflect.deleteProperty(process.env, name)
      else process.env[name] = before
    }
  }
  it("is true without the variables, as in browsers", () => {
    const { process } = globalThis
    for (const other of [undefined, {}]) {
      let found: boolean
      try {
        Reflect.set(globalThis, "process", other)
        found = preconditions.verifiesCertificates()
      } finally {
        Reflect.set(globalThis, "process", process)
      }
      assert.isTrue(found)
    }
  })

  it("is false only for 0", () =>
    assert.deepStrictEqual([given("0"), given("1"), given(""), given(undefined)], [false, true, true, true]))
})
