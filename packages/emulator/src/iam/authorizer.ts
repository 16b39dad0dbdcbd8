import { ApiError } from "../core/api-error";
import type { Authorizer, Caller } from "../core/emulator";
import type { EventStream } from "../core/event-stream";
import type { Binding } from "./bindings";
import { narrowestRole } from "./roles";

/** A call that needs a permission. */
export interface Access {
  /** Empty for a call without a caller. */
  readonly email: string;
  readonly permission: string;
  readonly resource: string;
}

/** A call that no binding allows. */
export interface Denial extends Access {
  /** A sentence that names a binding that would allow it. */
  readonly remedy: string;
}

export interface BindingAuthorizerOptions {
  /** The project of buckets, whose names do not contain it. */
  readonly project: string;
  /**
   * Resources that have an IAM policy of their own, by patterns in which a star is one segment. For
   * all others, a remedy names the project.
   *
   * @default - none
   */
  readonly policies?: readonly string[];
  readonly onDenied?: (denial: Denial) => void;
  /** Gets all decisions as events, if somebody reads them. */
  readonly events?: Pick<EventStream, "wants" | "emit">;
  /** Gets each call that is allowed, with all bindings that allow it. */
  readonly onAllowed?: (access: Access, by: readonly Binding[]) => void;
  /** Whether a binding has taken effect. @default - all have */
  readonly inEffect?: (binding: Binding) => boolean;
  /** Gets each call that a binding will allow once it takes effect, instead of `onDenied`. */
  readonly onEarly?: (access: Access, binding: Binding) => void;
}

/** Resources whose levels are remembered. */
const MOST_KNOWN = 1_000;
const BUCKET = /^projects\/_\/buckets\/[^/]+/;

/** Allows what a list of bindings allows: on the resource itself, its bucket, or its project. */
export class BindingAuthorizer implements Authorizer {
  /** Addresses of the bindings that have allowed something. */
  readonly used = new Set<string>();
  /** Addresses of the bindings that were taken away. */
  readonly withheld: ReadonlySet<string>;
  private readonly away = new Set<string>();
  private readonly byResource = new Map<string, Binding[]>();
  private readonly known = new Map<string, readonly string[]>();

  constructor(
    readonly bindings: readonly Binding[],
    private readonly options: BindingAuthorizerOptions,
  ) {
    this.withheld = this.away;
    for (const binding of bindings) {
      const there = this.byResource.get(binding.resource);
      if (there) there.push(binding);
      else this.byResource.set(binding.resource, [binding]);
    }
  }

  require(caller: Caller, permission: string, resource: string): void {
    const { email } = caller;
    const { project, onAllowed, onDenied, onEarly, inEffect = () => true } = this.options;
    const access = { email: email ?? "", permission, resource };
    let early: Binding | undefined;
    for (const level of this.levelsOf(resource, project)) {
      const granting = this.byResource.get(level)?.filter((binding) => this.grants(binding, access)) ?? [];
      early ??= granting[0];
      const found = granting.find(inEffect);
      if (!found) continue;
      this.used.add(found.address);
      this.decided(caller, access);
      onAllowed?.(access, this.allowing(access));
      return;
    }
    if (early) {
      this.decided(caller, access, `${early.address} allows it and has not taken effect yet.`);
      onEarly?.(access, early);
      throw new ApiError(
        "PERMISSION_DENIED",
        `Permission '${permission}' denied on resource '${resource}' (or it may not exist) for ${email}. ${early.address} allows it and has not taken effect yet.`,
      );
    }
    const remedy = this.remedy(email, permission, resource);
    this.decided(caller, access, remedy);
    onDenied?.({ ...access, remedy });
    if (email === undefined) {
      throw new ApiError(
        "UNAUTHENTICATED",
        `Request is missing required authentication credential: no caller has permission '${permission}' on resource '${resource}'.`,
      );
    }
    throw new ApiError(
      "PERMISSION_DENIED",
      `Permission '${permission}' denied on resource '${resource}' (or it may not exist) for ${email}. ${remedy}`,
    );
  }

  /** Takes a binding away. @throws ApiError NOT_FOUND */
  withhold(address: string): void {
    if (!this.bindings.some((binding) => binding.address === address)) {
      throw new ApiError("NOT_FOUND", `There is no binding ${address}`);
    }
    this.away.add(address);
  }

  /** Puts a binding back. */
  restore(address: string): void {
    this.away.delete(address);
  }

  private grants(binding: Binding, access: Access): boolean {
    return grants(binding, access) && !this.away.has(binding.address);
  }

  /** Remembers the levels of resources, since most calls are about few of them. */
  private levelsOf(resource: string, project: string): readonly string[] {
    let found = this.known.get(resource);
    if (!found) {
      found = levels(resource, project);
      if (this.known.size >= MOST_KNOWN) this.known.clear();
      this.known.set(resource, found);
    }
    return found;
  }

  /** All bindings that allow a call. */
  private allowing(access: Access): Binding[] {
    return this.bindings.filter(
      (binding) => !this.away.has(binding.address) && allows(binding, access, this.options.project),
    );
  }

  /** @param remedy of a denial */
  private decided({ call, item }: Caller, access: Access, remedy?: string): void {
    const { events } = this.options;
    if (!events?.wants("decision")) return;
    events.emit("decision", {
      ...(call !== undefined && { call }),
      ...(item !== undefined && { item }),
      ...access,
      allowed: remedy === undefined,
      bindings: remedy === undefined ? this.allowing(access).map(({ address }) => address) : [],
      ...(remedy !== undefined && { remedy }),
    });
  }

  private hasPolicy(resource: string): boolean {
    const { policies = [] } = this.options;
    return policies.some((pattern) => new RegExp(`^${pattern.replaceAll("*", "[^/]+")}$`).test(resource));
  }

  private remedy(email: string | undefined, permission: string, resource: string): string {
    // The best advice is a role that the stack uses already, unless it is another service's.
    const [service] = permission.split(".");
    const [own] = this.bindings
      .filter(({ role, permissions }) => permissions.has(permission) && !role.endsWith("serviceAgent"))
      .filter(({ role }) => !role.startsWith("roles/") || role.startsWith(`roles/${service}.`))
      .sort((one, other) => one.permissions.size - other.permissions.size);
    const role = own?.role ?? narrowestRole(permission) ?? `a custom role with ${permission}`;
    const bucket = BUCKET.exec(resource)?.[0];
    const on = bucket ?? (this.hasPolicy(resource) ? resource : `projects/${this.options.project}`);
    return `A binding of ${role} on ${on} to ${email === undefined ? "allUsers" : `serviceAccount:${email}`} would allow it.`;
  }
}

/** Whether a binding allows a call. @param project the project of buckets */
export function allows(binding: Binding, access: Access, project: string): boolean {
  return levels(access.resource, project).includes(binding.resource) && grants(binding, access);
}

/** Whether a binding allows a call, if it is on the resource or on what contains it. */
function grants({ member, permissions, condition }: Binding, { email, permission, resource }: Access): boolean {
  return isMember(member, email) && permissions.has(permission) && (!condition || condition(resource));
}

/** The resource, and the resources that it inherits policies from. */
function levels(resource: string, home: string): string[] {
  const bucket = BUCKET.exec(resource)?.[0];
  const named = /^projects\/([^/]+)/.exec(resource)?.[1];
  const project = `projects/${named === undefined || named === "_" || named === "-" ? home : named}`;
  return [...new Set([resource, ...(bucket ? [bucket] : []), project])];
}

function isMember(member: string, email: string): boolean {
  if (member === "allUsers") return true;
  return email !== "" && (member === "allAuthenticatedUsers" || member === `serviceAccount:${email}`);
}
