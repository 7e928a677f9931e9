use crate::violation::context_error;

context_error! {
    /// How the rules on tasks are broken.
    TaskError {
        TitleLength => "task.title_length", Rule, Some("title"),
            "a title has 1 to 200 characters";
        TitleCharacters => "task.title_characters", Rule, Some("title"),
            "a title is one line without control characters";
        DescriptionLength => "task.description_length", Rule, Some("description"),
            "a description has at most 50000 characters";
        DescriptionCharacters => "task.description_characters", Rule, Some("description"),
            "a description may not hold control characters other than line breaks and tabs";
        LabelLength => "task.label_length", Rule, Some("labels"),
            "a label has 1 to 50 characters";
        LabelCharacters => "task.label_characters", Rule, Some("labels"),
            "a label is one line without control characters";
        TooManyLabels => "task.too_many_labels", Rule, Some("labels"),
            "a task has at most 50 labels";
        TooManyAssignees => "task.too_many_assignees", Rule, Some("assignee_ids"),
            "a task has at most 50 assignees";
        EstimateRange => "task.estimate_range", Rule, Some("estimate"),
            "an estimate is a whole number of points from 0 to 10000";
        DueBeforeStart => "task.due_before_start", Rule, Some("due_date"),
            "a task cannot be due before it starts";
        DateRange => "task.date_range", Rule, Some("due_date"),
            "a date lies between the years 1970 and 9999";
        AssigneeOutsideProject => "task.assignee_outside_project", Rule, Some("assignee_ids"),
            "every assignee must be a member who can see the project";
        ParentNotFound => "task.parent_not_found", Rule, Some("parent_id"),
            "the parent must be an existing task of the same project";
        ParentCycle => "task.parent_cycle", Rule, Some("parent_id"),
            "a task cannot be its own ancestor";
        NestingDepth => "task.nesting_depth", Rule, Some("parent_id"),
            "tasks nest at most 10 deep";
        SubtaskWithoutParent => "task.subtask_without_parent", Rule, Some("parent_id"),
            "a task of type subtask needs a parent";
        UnknownStatus => "task.unknown_status", Rule, Some("status"),
            "the project's workflow has no such status";
        SameStatus => "task.same_status", Conflict, Some("status"),
            "the task already has this status";
        NotInTrash => "task.not_in_trash", Conflict, None,
            "only a task in the trash can be restored";
    }
}
