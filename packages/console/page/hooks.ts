import { useEffect, useRef, useState } from "preact/hooks";
import { get } from "./api";
import type { Store } from "./store";

/** Draws a component anew with each change of the store, at most once a frame. */
export function useStore(store: Store): void {
  const [, draw] = useState(0);
  useEffect(() => store.subscribe(() => draw((count) => count + 1)), [store]);
}

export interface Loaded<T> {
  readonly value?: T;
  readonly error?: string;
  readonly reload: () => void;
}

/**
 * Reads a path of the API, and again when `version` changes, at most once in `pause` milliseconds.
 * The last value stays until the next one is there.
 */
export function useApi<T>(path: string | undefined, version: unknown = 0, pause = 700): Loaded<T> {
  const [loaded, setLoaded] = useState<{ path?: string; value?: T; error?: string }>({});
  const [asked, ask] = useState(0);
  const last = useRef({ path: "", time: 0 });
  useEffect(() => {
    if (path === undefined) return;
    const abort = new AbortController();
    const same = last.current.path === path;
    const wait = same ? Math.max(0, last.current.time + pause - Date.now()) : 0;
    const timer = setTimeout(() => {
      last.current = { path, time: Date.now() };
      get<T>(path, abort.signal).then(
        (value) => setLoaded({ path, value }),
        (error: Error) => error.name !== "AbortError" && setLoaded({ path, error: error.message }),
      );
    }, wait);
    return () => {
      clearTimeout(timer);
      if (!same) abort.abort();
    };
  }, [path, version, asked]);
  const current = loaded.path === path ? loaded : {};
  return { value: current.value, error: current.error, reload: () => ask((count) => count + 1) };
}

/** The hash of the page's address. */
export function useHash(): string {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const read = () => setHash(location.hash);
    addEventListener("hashchange", read);
    return () => removeEventListener("hashchange", read);
  }, []);
  return hash;
}
