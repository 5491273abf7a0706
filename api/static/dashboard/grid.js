// Numbers of several runs over the epochs, which grow while an experiment trains, and their median over the runs.

export class Grid {
  /**
   * @param {number[]} seeds one per run.
   * @param {string[]} columns what the numbers of an epoch are: layers, or metrics.
   */
  constructor(seeds, columns) {
    this.seeds = seeds;
    this.columns = columns;
    this.epochs = [];
    this.runs = seeds.map(() => ({ values: new Float32Array(0), length: 0 }));
    this._dirty = 0;
    this._known = {
      middle: new Float32Array(0),
      low: new Float32Array(0),
      high: new Float32Array(0),
      lost: new Uint8Array(0),
    };
  }

  /** From arrays as the service sends them: values (seeds, epochs, columns), lengths (seeds,), epochs (epochs,). */
  static of({ seeds, epochs, lengths, values }, columns) {
    const made = new Grid(seeds.data, columns);
    const size = epochs.data.length * columns.length;
    made.epochs = [...epochs.data];
    made.runs = seeds.data.map((_, i) => ({
      values: values.data.slice(i * size, (i + 1) * size),
      length: lengths.data[i],
    }));
    return made;
  }

  get rows() {
    return this.epochs.length;
  }

  /** The last epoch of a run; -1 where there is none. */
  last(seed) {
    const run = this.runs[this.seeds.indexOf(seed)];
    return run.length ? this.epochs[run.length - 1] : -1;
  }

  /** Add an epoch behind a run's last; one that is there already changes nothing. */
  append(seed, epoch, numbers) {
    if (epoch <= this.last(seed)) return;
    const run = this.runs[this.seeds.indexOf(seed)];
    const width = this.columns.length;
    if (run.length === this.epochs.length) this.epochs.push(epoch);
    else if (this.epochs[run.length] !== epoch) return; // something was missed: nothing is better than the wrong place
    if (run.values.length < (run.length + 1) * width) run.values = grown(run.values, (run.length + 1) * width);
    run.values.set(numbers, run.length * width);
    this._dirty = Math.min(this._dirty, run.length);
    run.length += 1;
  }

  /** A run's numbers of one epoch's row; undefined where it has not come so far. */
  value(run, row, column) {
    return row < this.runs[run].length ? this.runs[run].values[row * this.columns.length + column] : undefined;
  }

  /** Median, lowest and highest of the finite values of the runs, and whether one is not finite: rows × columns. */
  summary() {
    const width = this.columns.length;
    const known = this._known;
    if (known.middle.length < this.rows * width) {
      for (const name of Object.keys(known)) known[name] = grown(known[name], this.rows * width);
    }
    const some = new Float64Array(this.runs.length);
    for (let row = this._dirty; row < this.rows; row += 1) {
      for (let column = 0; column < width; column += 1) {
        let count = 0;
        let lost = 0;
        for (const run of this.runs) {
          if (row >= run.length) continue;
          const value = run.values[row * width + column];
          if (!Number.isFinite(value)) {
            lost = 1;
            continue;
          }
          let place = count;
          for (; place > 0 && some[place - 1] > value; place -= 1) some[place] = some[place - 1];
          some[place] = value;
          count += 1;
        }
        const at = row * width + column;
        known.middle[at] = count ? (some[(count - 1) >> 1] + some[count >> 1]) / 2 : NaN;
        known.low[at] = count ? some[0] : NaN;
        known.high[at] = count ? some[count - 1] : NaN;
        known.lost[at] = lost;
      }
    }
    this._dirty = this.rows;
    return known;
  }

  /** The row of the last epoch that is not after `epoch`. */
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

  /** The same with one run only. */
  only(run) {
    const made = new Grid([this.seeds[run]], this.columns);
    made.runs = [this.runs[run]];
    made.epochs = this.epochs.slice(0, this.runs[run].length);
    return made;
  }
}

function grown(array, needed) {
  const made = new array.constructor(Math.max(needed, array.length * 2));
  made.set(array);
  return made;
}
