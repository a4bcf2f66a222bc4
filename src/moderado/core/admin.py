"""Base classes of the admin pages."""


class ReadOnly:
    """An admin page for records that are never edited; what staff may do is offered as actions."""

    def has_add_permission(self, *_: object) -> bool:
        return False

    def has_change_permission(self, *_: object) -> bool:
        return False

    def has_delete_permission(self, *_: object) -> bool:
        return False
