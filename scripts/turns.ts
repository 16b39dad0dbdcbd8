/** Prints what was given to it once it is its turn, and from then on at once. */
export interface Turn {
  print(text: string): void;
  /** Ends the turn. Waits until it has come. */
  end(): Promise<void>;
}

/** Makes turns, each of which begins when the one before ends, so that what runs at once is not mixed. */
export function turns(): () => Turn {
  let before = Promise.resolve();
  return () => {
    const held: string[] = [];
    let isOpen = false;
    let end = () => {};
    const opened = before.then(() => {
      isOpen = true;
      for (const text of held) console.log(text);
    });
    before = new Promise((resolve) => {
      end = resolve;
    });
    return {
      print: (text) => (isOpen ? console.log(text) : void held.push(text)),
      end: () => opened.then(() => end()),
    };
  };
}
