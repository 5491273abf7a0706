// Numbers of several runs over the epochs, which grow while an experiment trains, and their median over the runs.

/** @typedef {{values: Float32Array, length: number}} GridRun `length` rows of numbers, one per column. */
/**
 * @typedef {object} Summary of all runs: rows × columns each.
 * @property {Float32Array} middle the median of the finite values; NaN if there is none.
 * @property {Float32Array} low their lowest.
 * @property {Float32Array} high their highest.
 * @property {Uint8Array} lost 1 where the value of a run is not finite.
 */

export class Grid {
  /** The first row whose summary is out of date. */
  #dirty = 0;
  /** @type {Summary} */
  #summary = {
    middle: new Float32Array(0),
    low: new Float32Array(0),
    high: new Float32Array(0),
    lost: new Uint8Array(0),
  };

  /**
   * @param {number[]} seeds one per run.
   * @param {string[]} columns the names of an epoch's numbers: layers, or metrics.
   */
  constructor(seeds, columns) {
    this.seeds = seeds;
    this.columns = columns;
    /** @type {number[]} */
    this.epochs = [];
    /** @type {GridRun[]} */
    this.runs = seeds.map(() => ({ values: new Float32Array(0), length: 0 }));
  }

  /**
   * The grid of arrays as the service sends them.
   *
   * @param {Record<string, {data: any}>} arrays seeds, lengths (runs,), epochs (rows,), values (runs, rows, columns).
   * @param {string[]} columns
   */
  static of({ seeds, epochs, lengths, values }, columns) {
    const grid = new Grid(seeds.data, columns);
    const size = epochs.data.length * columns.length;
    grid.epochs = [...epochs.data];
    grid.runs = grid.seeds.map((_, i) => ({
      values: values.data.slice(i * size, (i + 1) * size),
      length: lengths.data[i],
    }));
    return grid;
  }

  get rows() {
    return this.epochs.length;
  }

  /** The last epoch of any run; undefined if there is none. */
  get lastEpoch() {
    return this.epochs.at(-1);
  }

  /** @param {number} seed @returns {number} the last epoch of its run; -1 if there is none. */
  last(seed) {
    const run = this.runs[this.seeds.indexOf(seed)];
    return run.length ? this.epochs[run.length - 1] : -1;
  }

  /**
   * Add an epoch behind a run's last. An epoch that is there already changes nothing. Neither does one before which
   * another was missed: a gap is better than a number in the wrong place.
   *
   * @param {number} seed
   * @param {number} epoch
   * @param {number[]} numbers one per column.
   */
  append(seed, epoch, numbers) {
    if (epoch <= this.last(seed)) return;
    const run = this.runs[this.seeds.indexOf(seed)];
    const width = this.columns.length;
    if (run.length === this.epochs.length) this.epochs.push(epoch);
    else if (this.epochs[run.length] !== epoch) return;
    if (run.values.length < (run.length + 1) * width) run.values = grown(run.values, (run.length + 1) * width);
    run.values.set(numbers, run.length * width);
    this.#dirty = Math.min(this.#dirty, run.length);
    run.length += 1;
  }

  /**
   * Summarise the runs. The arrays may be longer than rows × columns; they are written anew when rows are added.
   *
   * @returns {Summary}
   */
  summary() {
    const width = this.columns.length;
    const size = this.rows * width;
    const summary = this.#summary;
    if (summary.middle.length < size) {
      summary.middle = grown(summary.middle, size);
      summary.low = grown(summary.low, size);
      summary.high = grown(summary.high, size);
      summary.lost = grown(summary.lost, size);
    }
    const sorted = new Float64Array(this.runs.length);
    for (let row = this.#dirty; row < this.rows; row += 1) {
      for (let column = 0; column < width; column += 1) this.#summarise(row, column, sorted);
    }
    this.#dirty = this.rows;
    return summary;
  }

  /** The summary cut to the rows that there are. */
  current() {
    const size = this.rows * this.columns.length;
    const { middle, low, high, lost } = this.summary();
    return {
      middle: middle.subarray(0, size),
      low: low.subarray(0, size),
      high: high.subarray(0, size),
      lost: lost.subarray(0, size),
    };
  }

  /** @param {number} epoch @returns {number} the row of the last epoch that is not after it. */
  rowAt(epoch) {
    let low = 0;
    let high = this.rows;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.epochs[middle] <= epoch) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }

  /** @param {number} run its index. @returns {Grid} the same with that run alone. */
  only(run) {
    const grid = new Grid([this.seeds[run]], this.columns);
    grid.runs = [this.runs[run]];
    grid.epochs = this.epochs.slice(0, this.runs[run].length);
    return grid;
  }

  /**
   * Summarise one cell.
   *
   * @param {number} row
   * @param {number} column
   * @param {Float64Array} sorted room for a value of each run: nothing is allocated for a cell.
   */
  #summarise(row, column, sorted) {
    const at = row * this.columns.length + column;
    let count = 0;
    let lost = 0;
    for (const run of this.runs) {
      if (row >= run.length) continue;
      const value = run.values[at];
      if (Number.isFinite(value)) count = inserted(sorted, count, value);
      else lost = 1;
    }
    const { middle, low, high, lost: marks } = this.#summary;
    middle[at] = count ? (sorted[(count - 1) >> 1] + sorted[count >> 1]) / 2 : NaN;
    low[at] = count ? sorted[0] : NaN;
    high[at] = count ? sorted[count - 1] : NaN;
    marks[at] = lost;
  }
}

/**
 * Insert a value into the first `count` of a sorted array.
 *
 * @param {Float64Array} sorted
 * @param {number} count
 * @param {number} value
 * @returns {number} the new count.
 */
function inserted(sorted, count, value) {
  let place = count;
  for (; place > 0 && sorted[place - 1] > value; place -= 1) sorted[place] = sorted[place - 1];
  sorted[place] = value;
  return count + 1;
}

/**
 * A longer copy of an array: twice as long at least, so that growing by one costs little on average.
 *
 * @template {Float32Array | Uint8Array} Values
 * @param {Values} array
 * @param {number} needed
 * @returns {Values}
 */
function grown(array, needed) {
  const Type = /** @type {new (length: number) => Values} */ (array.constructor);
  const copy = new Type(Math.max(needed, array.length * 2));
  copy.set(array);
  return copy;
}
