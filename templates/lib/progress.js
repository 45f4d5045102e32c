// How far a single run has come.

/** A step's place among those that run: `[2/5]`. @param {any} iteration @param {string} id */
export function placeOf(iteration, id) {
  const { steps = [], logins = [] } = iteration.scenario;
  const wanted = iteration.session.canLogIn() ? steps : steps.filter((step) => !logins.includes(step));
  const place = wanted.indexOf(id);
  return place < 0 ? '[-]' : `[${place + 1}/${wanted.length}]`;
}

/** Shows, in the end, the steps that neither ran nor were passed by. @param {any} iteration */
export function showSkipped(iteration) {
  const { steps = [], logins = [] } = iteration.scenario;
  for (const id of steps) {
    const reached = iteration.visits[id] || iteration.skipped.includes(id) || logins.includes(id);
    if (!reached) console.log(`${placeOf(iteration, id)} ${id} ... skipped (its condition does not hold)`);
  }
}
