/** The members that are not undefined. */
export function defined<Members extends object>(members: Members) {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    // What is left has the types of before, without undefined.
    [Name in keyof Members]?: Exclude<Members[Name], undefined>;
  };
}
