//! Events: their names and properties, and chunks of them in columns.

/// What happened.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Name {
    Login,
    DashboardViewed,
    PageViewed,
    ReportCreated,
    WorkflowRun,
    CommentAdded,
    ExportDownloaded,
    FilterSaved,
    AlertConfigured,
    ApiCall,
    InviteSent,
    IntegrationConnected,
    SupportTicketOpened,
    SupportTicketClosed,
    SurveyAnswered,
    MeetingHeld,
    InvoicePaid,
    CardFailed,
}

impl Name {
    /// All names, in the order of their numbers.
    pub const ALL: [Name; 18] = [
        Name::Login,
        Name::DashboardViewed,
        Name::PageViewed,
        Name::ReportCreated,
        Name::WorkflowRun,
        Name::CommentAdded,
        Name::ExportDownloaded,
        Name::FilterSaved,
        Name::AlertConfigured,
        Name::ApiCall,
        Name::InviteSent,
        Name::IntegrationConnected,
        Name::SupportTicketOpened,
        Name::SupportTicketClosed,
        Name::SurveyAnswered,
        Name::MeetingHeld,
        Name::InvoicePaid,
        Name::CardFailed,
    ];

    /// As written in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Name::Login => "login",
            Name::DashboardViewed => "dashboard_viewed",
            Name::PageViewed => "page_viewed",
            Name::ReportCreated => "report_created",
            Name::WorkflowRun => "workflow_run",
            Name::CommentAdded => "comment_added",
            Name::ExportDownloaded => "export_downloaded",
            Name::FilterSaved => "filter_saved",
            Name::AlertConfigured => "alert_configured",
            Name::ApiCall => "api_call",
            Name::InviteSent => "invite_sent",
            Name::IntegrationConnected => "integration_connected",
            Name::SupportTicketOpened => "support_ticket_opened",
            Name::SupportTicketClosed => "support_ticket_closed",
            Name::SurveyAnswered => "survey_answered",
            Name::MeetingHeld => "meeting_held",
            Name::InvoicePaid => "invoice_paid",
            Name::CardFailed => "card_failed",
        }
    }
}

/// What more an event says.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Property {
    /// Nothing.
    None,
    /// Of `page_viewed`: `path`.
    Path(&'static str),
    /// Of tickets: `priority`.
    Priority(&'static str),
    /// Of `survey_answered`: `survey` and `score`.
    Answer {
        /// `nps` (0 to 10) or `csat` (1 to 5).
        survey: &'static str,
        /// The answer.
        score: u8,
    },
    /// Of `meeting_held`: the `role` of the highest one there.
    Role(&'static str),
    /// Of `invoice_paid`: `amount`.
    Amount(u32),
    /// Of `integration_connected`: `integration`.
    Integration(&'static str),
}

/// One event on its way into a chunk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    pub time: i64,
    pub account: u32,
    pub person: u32,
    pub name: Name,
    pub property: Property,
}

/// Some events, as columns of the same length.
#[derive(Clone, Default, Debug)]
pub struct Events {
    /// Numbers of accounts.
    pub account: Vec<u32>,
    /// Numbers of people within their account; `NOBODY` where it was nobody.
    pub person: Vec<u32>,
    /// Names.
    pub name: Vec<Name>,
    /// Instants: microseconds since 1970.
    pub time: Vec<i64>,
    /// Properties.
    pub property: Vec<Property>,
}

impl Events {
    /// How many.
    pub fn len(&self) -> usize {
        self.time.len()
    }

    /// None?
    pub fn is_empty(&self) -> bool {
        self.time.is_empty()
    }

    pub(crate) fn push(&mut self, event: &Event) {
        self.account.push(event.account);
        self.person.push(event.person);
        self.name.push(event.name);
        self.time.push(event.time);
        self.property.push(event.property);
    }
}
