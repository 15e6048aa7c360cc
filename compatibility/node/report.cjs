// Prints what a step gave, or the error that it raised, so that a script goes on and both runs can be compared to the end.
const { inspect } = require('node:util');

const told = (e) => `${e.name} ${e.code ?? '-'} ${e.message} ${[e.detail, e.constraint, e.position].filter(Boolean).join(' | ')}`;

exports.step = async (name, work) => {
  try {
    const value = await work();
    console.log(`${name}: ${inspect(value, { depth: 8, breakLength: Infinity, maxArrayLength: 60, maxStringLength: 300 })}`);
  } catch (e) {
    console.log(`${name}: ${e.errors ? e.errors.map(told).join('; ') : told(e)}`);
  }
};

exports.sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

// Until it holds, at most five seconds.
exports.until = async (holds) => {
  for (let n = 0; n < 250 && !holds(); n++) await exports.sleep(20);
};
