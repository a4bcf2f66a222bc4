"""What the operators' pages of every context share."""


class ReadOnly:
    """For what people did or the product wrote, and nobody edits: what may be done are actions."""

    def has_add_permission(self, *_: object) -> bool:
        return False

    def has_change_permission(self, *_: object) -> bool:
        return False

    def has_delete_permission(self, *_: object) -> bool:
        return False
