import type { ButtonHTMLAttributes, Ref } from "react";

import { Icon, type IconName } from "./Icon";

type Native = ButtonHTMLAttributes<HTMLButtonElement> & { ref?: Ref<HTMLButtonElement> };

export interface ButtonProps extends Native {
  kind?: "primary" | "plain" | "quiet" | "danger";
  icon?: IconName;
}

export function Button({ kind = "plain", icon, className = "", children, ...rest }: ButtonProps) {
  return (
    <button type="button" className={`button button-${kind} ${className}`} {...rest}>
      {icon && <Icon name={icon} size={18} />}
      {children}
    </button>
  );
}

export interface IconButtonProps extends Native {
  icon: IconName;
  /** What it does: its name for everybody, and the hint under the pointer. */
  label: string;
}

export function IconButton({ icon, label, className = "", ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      className={`icon-button ${className}`}
      {...rest}
    >
      <Icon name={icon} />
    </button>
  );
}
